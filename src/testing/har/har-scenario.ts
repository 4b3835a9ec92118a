// One recorded connection as a scenario: the client's side again, and what the function answered as what to expect.
// Pure.
import { OPCODE, readClosePayload } from '../../core/frame.ts';
import type {
  ExpectedMessage,
  Matcher,
  OutgoingMessage,
  Scenario,
  SourcePosition,
  Step,
  StepAction,
} from '../scenario.ts';
import type { HarEnd, HarEntry, HarMessage } from './har-shape.ts';
import type { IgnoredPath } from './ignored-path.ts';

/** What must not be sent as it was, as the new connection has its own. */
const OWN_HEADERS = /^(?::.*|host|connection|upgrade|content-length|transfer-encoding|sec-websocket-.*)$/i;

/** RFC 9110 §5.1 and §5.5; what a program has masked or mangled is left out. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;

const CLIENT = 'client';

/** Real time beyond the recorded gap: another machine may be slower. */
const PATIENCE_MS = 10_000;

/** Real time that a runner gives every scenario anyway. */
const USUAL_MS = 20_000;

/** Epoch seconds reach this in the year 5138. */
const LEAST_EPOCH_MS = 1e11;

export interface RecordedEntry {
  readonly name: string;
  readonly entry: HarEntry;
  readonly at: SourcePosition;
  /** Where each of its messages stands. */
  readonly messagesAt: readonly SourcePosition[];
  readonly ignore: readonly IgnoredPath[];
}

/** Something that cannot be played again, and where it stands. */
export interface Unplayable {
  readonly at: SourcePosition;
  readonly message: string;
  readonly advice: string;
}

export function harScenario(recorded: RecordedEntry): Scenario | Unplayable {
  const { name, entry, at, ignore } = recorded;
  const end = entry._scfWs ?? null;
  const isOpen = entry.response.status === 101 || (entry._webSocketMessages ?? []).some(isData);
  const connection = connect(entry, isOpen);
  const scenario = { name, at, functionName: null, configFile: null, variables: new Map() };
  if (!isOpen) {
    const steps = [connection, refusal(entry, ignore), ...(end === null ? [] : invocation(end))];
    return { ...scenario, timeoutMs: null, steps: steps.map(step => ({ ...step, at })) };
  }
  const conversation = new Conversation(recorded);
  const unplayable = conversation.play();
  if (unplayable !== null) return unplayable;
  const steps = [{ ...connection, at }, ...conversation.steps, ...conversation.ending(end)];
  const { waitedMs } = conversation;
  const timeoutMs = waitedMs > USUAL_MS ? Math.ceil(waitedMs) * 2 + PATIENCE_MS : null;
  return { ...scenario, timeoutMs, steps };
}

/** The messages of an open connection, one after the other. */
class Conversation {
  readonly steps: Step[] = [];
  /** Real time that the function took. */
  waitedMs = 0;
  readonly #recorded: RecordedEntry;
  /** When the last thing happened, epoch ms; NaN if that is not known. */
  #lastAt: number;
  #hasClosed = false;

  constructor(recorded: RecordedEntry) {
    this.#recorded = recorded;
    const { startedDateTime, timings, _scfWs: end } = recorded.entry;
    // Browsers do not tell when the handshake was over.
    this.#lastAt = end === undefined ? Number.NaN : Date.parse(startedDateTime) + timings.wait;
  }

  play(): Unplayable | null {
    const { entry, at: entryAt, messagesAt } = this.#recorded;
    for (const [index, message] of (entry._webSocketMessages ?? []).entries()) {
      const at = messagesAt[index] ?? entryAt;
      // What came after an error of the browser's is not known.
      if (this.#hasClosed || message.type === 'error') break;
      const trouble = this.#add(message, at);
      if (trouble !== null) return { ...trouble, at };
    }
    return null;
  }

  /** How it ended, if that is known; else a client that has no more to say. */
  ending(end: HarEnd | null): Step[] {
    const { entry, at } = this.#recorded;
    if (this.#hasClosed) return [];
    const endedAt = Date.parse(entry.startedDateTime) + entry.time;
    const actions = end === null ? null : ownEnding(end, advance(endedAt - this.#lastAt));
    return (actions ?? [close(1000, '')]).map(action => ({ ...action, at }));
  }

  #add(message: HarMessage, at: SourcePosition): Omit<Unplayable, 'at'> | null {
    const { type, opcode, data } = message;
    if (type !== 'send' && type !== 'receive') return null;
    if (opcode === OPCODE.close) {
      this.#close(message, at);
      return null;
    }
    if (!isData(message)) return null;
    if (data === null) {
      return { message: 'the message has no data', advice: 'record it with its content' };
    }
    if (opcode === OPCODE.binary && !/^[A-Za-z0-9+/\s]*={0,2}$/.test(data)) {
      return { message: 'the data of a binary message is not base64', advice: 'record it anew' };
    }
    const gapMs = this.#gapTo(message);
    if (type === 'receive') {
      this.waitedMs += gapMs;
      const expected = this.#expected(message, at);
      this.#push(
        { kind: 'expect', as: CLIENT, message: expected, withinMs: Math.ceil(gapMs) + PATIENCE_MS },
        at,
      );
      return null;
    }
    if (message._truncated !== null) {
      return {
        message: 'the client’s message was recorded without its end, and cannot be sent again',
        advice: 'record shorter messages, or remove this connection from the file',
      };
    }
    for (const action of advance(gapMs)) this.#push(action, at);
    const outgoing: OutgoingMessage =
      opcode === OPCODE.text
        ? { kind: 'text', text: literal(data), isBinary: false }
        : { kind: 'base64', data, isBinary: true };
    this.#push({ kind: 'send', as: CLIENT, message: outgoing }, at);
    return null;
  }

  /** Some programs record close frames, too. */
  #close(message: HarMessage, at: SourcePosition): void {
    const payload = readClosePayload(bytesOf(message.data ?? ''));
    const known = message.code ?? payload.code;
    const code = known !== null && canSendCode(known) ? known : null;
    this.#hasClosed = true;
    if (message.type === 'receive') {
      const withinMs = Math.ceil(this.#gapTo(message)) + PATIENCE_MS;
      this.#push({ kind: 'expectClose', as: CLIENT, code, reason: null, withinMs }, at);
      return;
    }
    for (const action of advance(this.#gapTo(message))) this.#push(action, at);
    this.#push(close(code, ''), at);
  }

  #expected({ opcode, data, _truncated }: HarMessage, at: SourcePosition): ExpectedMessage {
    const { ignore } = this.#recorded;
    return { matcher: matcherOf(), isBinary: opcode === OPCODE.binary, capture: [], at };

    function matcherOf(): Matcher {
      const text = data ?? '';
      if (_truncated !== null) {
        const minBytes = (opcode === OPCODE.text ? new TextEncoder().encode(text) : bytesOf(text)).length;
        return { kind: 'size', minBytes, maxBytes: Number.POSITIVE_INFINITY };
      }
      if (opcode === OPCODE.binary) return { kind: 'base64', data: text };
      return { kind: 'replayed', text, ignore };
    }
  }

  /** Ms since the last thing that happened. */
  #gapTo({ time }: HarMessage): number {
    const at = time >= LEAST_EPOCH_MS ? time : time * 1000;
    if (!(at > 0)) return 0;
    const gapMs = Number.isNaN(this.#lastAt) ? 0 : Math.max(0, at - this.#lastAt);
    this.#lastAt = at;
    return gapMs;
  }

  #push(action: StepAction, at: SourcePosition): void {
    this.steps.push({ ...action, at });
  }
}

function isData({ opcode }: HarMessage): boolean {
  return opcode === OPCODE.text || opcode === OPCODE.binary;
}

function connect({ request, _scfWs: end }: HarEntry, mustOpen: boolean): StepAction {
  const { pathname, search } = new URL(request.url);
  const headers: Record<string, string> = {};
  for (const { name, value } of request.headers) {
    if (OWN_HEADERS.test(name) || !HEADER_NAME.test(name) || !HEADER_VALUE.test(value)) continue;
    const before = headers[name];
    // RFC 9110 §5.3, and RFC 6265 §5.4 for cookies.
    const separator = /^cookie$/i.test(name) ? '; ' : ', ';
    headers[name] = before === undefined ? literal(value) : before + separator + literal(value);
  }
  const offered = request.headers.filter(({ name }) => /^sec-websocket-protocol$/i.test(name));
  const subprotocols = offered
    .flatMap(({ value }) => value.split(','))
    .map(text => text.trim())
    .filter(text => text !== '');
  const path = literal(`${pathname}${search}`);
  // scf-ws's own have the route that the function had there.
  const isRouted = end !== undefined;
  return { kind: 'connect', as: CLIENT, path, isRouted, headers, subprotocols, functionName: null, mustOpen };
}

function refusal({ response, _scfWs: end }: HarEntry, ignore: readonly IgnoredPath[]): StepAction {
  const { status, content } = response;
  // The platform's own answers name the request; only what the function said can be the same again.
  const isOwn = end === undefined || end.cause === 'upgrade-refused';
  const isText = content.text !== null && content.text !== '' && content.encoding !== 'base64';
  const body: Matcher | null =
    isOwn && isText ? { kind: 'replayed', text: content.text ?? '', ignore } : null;
  return { kind: 'expectRefused', as: CLIENT, status, body, withinMs: PATIENCE_MS };
}

/** Null for an end that would not come again by itself. */
function ownEnding(end: HarEnd, wait: StepAction[]): StepAction[] | null {
  const { cause, closeCode, closeReason } = end;
  const code = closeCode === 1005 ? null : closeCode;
  const withinMs = PATIENCE_MS;
  switch (cause) {
    case 'client-closed':
      if (code !== null && !canSendCode(code)) return null;
      return [...wait, close(code, literal(closeReason)), ...invocation(end)];
    case 'client-lost':
      return [...wait, { kind: 'cut', as: CLIENT }, ...invocation(end)];
    case 'function-closed': {
      const reason: Matcher | null = closeReason === '' ? null : { kind: 'text', text: literal(closeReason) };
      return [{ kind: 'expectClose', as: CLIENT, code: closeCode, reason, withinMs }, ...invocation(end)];
    }
    case 'idle-timeout':
    case 'execution-timeout':
      return [
        ...wait,
        { kind: 'expectClose', as: CLIENT, code: closeCode, reason: null, withinMs },
        ...invocation(end),
      ];
    case 'function-lost':
    case 'process-exited':
    case 'memory-exceeded':
      return [
        { kind: 'expectClose', as: CLIENT, code: closeCode, reason: null, withinMs },
        ...invocation(end),
      ];
    default:
      // What broke a quota did not pass, and is not in the recording; the emulator was stopped by its user.
      return null;
  }
}

function invocation({ statusCode, cause }: HarEnd): StepAction[] {
  return [{ kind: 'expectInvocation', as: CLIENT, report: { statusCode, cause }, withinMs: PATIENCE_MS }];
}

function close(code: number | null, reason: string): StepAction {
  return { kind: 'close', as: CLIENT, code, reason };
}

/** RFC 6455 §7.4; clients send no code that has no meaning yet. */
function canSendCode(code: number): boolean {
  const isDefined = code >= 1000 && code <= 1014 && code !== 1004 && code !== 1005 && code !== 1006;
  return isDefined || (code >= 3000 && code <= 4999);
}

/** Parts of a millisecond are of no weight, and of no interest. */
function advance(gapMs: number): StepAction[] {
  return gapMs >= 1 ? [{ kind: 'advance', ms: Math.round(gapMs) }] : [];
}

/** Where a scenario has variables, a recorded text has none. */
function literal(text: string): string {
  return text.replaceAll('${', () => '$${');
}

function bytesOf(base64: string): Uint8Array {
  return Buffer.from(base64, 'base64');
}
