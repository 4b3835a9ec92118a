// What a scenario is once it was read: validated, complete, every step with its place in the file. Types only.
import type { IgnoredPath } from './har/ignored-path.ts';
import type { JsonValue } from './json.ts';

export interface SourcePosition {
  /** As the user would name it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
}

export interface Scenario {
  readonly name: string;
  readonly at: SourcePosition;
  /** The function to connect to where a step names none; null: the only one of the config. */
  readonly functionName: string | null;
  /** The config file, absolute, if the scenario names one; null: the nearest at or above the scenario. */
  readonly configFile: string | null;
  /** Real time that it may take; null: what the runner says. */
  readonly timeoutMs: number | null;
  /** What `${name}` stands for before anything is captured: `--set`, `vars`, and what is used of the environment. */
  readonly variables: Variables;
  /** Those of the setup first. */
  readonly steps: readonly Step[];
}

export type Step = StepAction & { readonly at: SourcePosition };

export type Variables = ReadonlyMap<string, JsonValue>;

/** Text with `${name}` in it, filled in when the step is done. */
export type Template = string;

export type StepAction =
  | {
      readonly kind: 'connect';
      readonly as: string;
      /** Path and query. */
      readonly path: Template;
      /** Does the path have the route of its function already? */
      readonly isRouted?: boolean;
      readonly headers: Readonly<Record<string, Template>>;
      readonly subprotocols: readonly string[];
      readonly functionName: string | null;
      /** Must the connection be open for the next step? Not if an `expectRefused` of the same client follows. */
      readonly mustOpen: boolean;
    }
  | {
      readonly kind: 'expectRefused';
      readonly as: string;
      readonly status: number | null;
      readonly body: Matcher | null;
      readonly withinMs: number;
    }
  | { readonly kind: 'send'; readonly as: string; readonly message: OutgoingMessage }
  | {
      readonly kind: 'expect';
      readonly as: string;
      readonly message: ExpectedMessage;
      readonly withinMs: number;
    }
  /** All of them, in any order. */
  | {
      readonly kind: 'expectAll';
      readonly as: string;
      readonly messages: readonly ExpectedMessage[];
      readonly withinMs: number;
    }
  /** No message for that long, in real time. */
  | { readonly kind: 'expectSilence'; readonly as: string; readonly forMs: number }
  | { readonly kind: 'ping'; readonly as: string; readonly data: Template }
  | {
      readonly kind: 'expectPong';
      readonly as: string;
      readonly data: Template | null;
      readonly withinMs: number;
    }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'close'; readonly as: string; readonly code: number | null; readonly reason: Template }
  /** Drops the TCP connection without a close frame. */
  | { readonly kind: 'cut'; readonly as: string }
  | {
      readonly kind: 'expectClose';
      readonly as: string;
      /** 1005: a close frame without a code; 1006: no close frame. Null: any. */
      readonly code: number | null;
      readonly reason: Matcher | null;
      readonly withinMs: number;
    }
  | {
      readonly kind: 'expectInvocation';
      readonly as: string;
      /** Keys of the report; numbers may be `{ min, max }`. */
      readonly report: ReportMatcher;
      readonly withinMs: number;
    }
  /** Kills the instance (SIGKILL), to see what a crash does. */
  | { readonly kind: 'kill'; readonly as: string }
  | { readonly kind: 'repeat'; readonly times: number; readonly steps: readonly Step[] }
  | { readonly kind: 'parallel'; readonly branches: readonly (readonly Step[])[] };

export type OutgoingMessage = { readonly isBinary: boolean } & (
  | { readonly kind: 'text'; readonly text: Template }
  | { readonly kind: 'json'; readonly value: JsonValue }
  | { readonly kind: 'base64'; readonly data: string }
  /** So many bytes of filling, each a letter. */
  | { readonly kind: 'size'; readonly bytes: number }
  | FileContent
);

/** As it was when the scenario was read. */
export interface FileContent {
  readonly kind: 'file';
  /** Absolute. */
  readonly path: string;
  readonly content: Buffer;
}

export interface ExpectedMessage {
  readonly matcher: Matcher;
  /** Null: either will do. */
  readonly isBinary: boolean | null;
  /** Variable → where its value stands in the message. */
  readonly capture: readonly Capture[];
  readonly at: SourcePosition;
}

export interface Capture {
  readonly name: string;
  readonly path: CapturePath;
  readonly at: SourcePosition;
}

/** `$` is the whole message; `$.items[0].id` is keys and indexes of it, read as JSON. */
export interface CapturePath {
  readonly text: string;
  readonly keys: readonly (string | number)[];
}

export type Matcher =
  | { readonly kind: 'text'; readonly text: Template }
  /** The message is JSON that has at least this. */
  | { readonly kind: 'json'; readonly value: JsonValue }
  /** It compiles, whatever its variables are; its named groups are captured. */
  | { readonly kind: 'regex'; readonly pattern: Template; readonly flags: string }
  | { readonly kind: 'base64'; readonly data: string }
  | { readonly kind: 'size'; readonly minBytes: number; readonly maxBytes: number }
  | FileContent
  | { readonly kind: 'any' }
  /** The text itself, without variables; if it is JSON, the values that `ignore` names may differ. */
  | { readonly kind: 'replayed'; readonly text: string; readonly ignore: readonly IgnoredPath[] };

export interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** A report must have each of these keys with that value; a range where a number may vary. Texts are templates. */
export interface ReportMatcher {
  readonly [key: string]: string | number | boolean | null | NumberRange | ReportMatcher;
}
