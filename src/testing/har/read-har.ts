// A HAR file as scenarios, one for each of its WebSocket connections: recorded by `scf-ws dev --record`, exported from
// Chrome's network panel, or written by Playwright. Pure: text → scenarios and problems.
import { safeParse } from 'valibot';
import type { ConfigProblem } from '../../config/function-config.ts';
import type { Scenario, SourcePosition } from '../scenario.ts';
import { harScenario } from './har-scenario.ts';
import type { HarEntry } from './har-shape.ts';
import { EntrySchema, HarSchema } from './har-shape.ts';
import type { IgnoredPath } from './ignored-path.ts';
import { JsonPlaces, placeIn } from './json-places.ts';

export interface ReadHarOptions {
  /** As the user would name it. */
  readonly file: string;
  /** Values of JSON messages that may differ. */
  readonly ignore: readonly IgnoredPath[];
}

export interface HarScenarios {
  readonly scenarios: readonly Scenario[];
  readonly problems: readonly ConfigProblem[];
}

const MESSAGES = ['log', 'entries', '*', '_webSocketMessages', '*'];

const EXPORT = 'export it anew from Chrome’s network panel, or record it with scf-ws dev --record';

export function readHar(text: string, { file, ignore }: ReadHarOptions): HarScenarios {
  // Some programs put a byte order mark before it.
  const json = text.replace(/^\uFEFF/, '');
  const whole = { file, line: 1, column: 1 };
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (error) {
    return { scenarios: [], problems: [notJson(json, { file, error: error as SyntaxError })] };
  }
  const har = safeParse(HarSchema, value);
  if (!har.success) {
    const message = 'the file is JSON, but not a HAR: it has no list log.entries';
    return { scenarios: [], problems: [{ ...whole, message, advice: EXPORT }] };
  }
  const places = new JsonPlaces(json, MESSAGES);
  const at = (path: string): SourcePosition => ({ file, ...places.placeOf(path) });
  const entries = har.output.log.entries.flatMap((each, index) => {
    const parsed = safeParse(EntrySchema, each);
    const isUsable = parsed.success && isWebSocket(parsed.output) && URL.canParse(parsed.output.request.url);
    return isUsable ? [{ entry: parsed.output, path: `log.entries.${index}` }] : [];
  });
  const playable = entries.filter(({ entry }) => canBePlayed(entry));
  if (playable.length === 0) {
    const recorded = entries.map(({ entry }) => entry);
    return { scenarios: [], problems: [{ ...whole, ...whyNothing(recorded) }] };
  }
  const scenarios: Scenario[] = [];
  const problems: ConfigProblem[] = [];
  for (const [index, { entry, path }] of playable.entries()) {
    const { pathname, search } = new URL(entry.request.url);
    const result = harScenario({
      name: `connection ${index + 1} to ${pathname}${search}`,
      entry,
      at: at(path),
      messagesAt: (entry._webSocketMessages ?? []).map((_, i) => at(`${path}._webSocketMessages.${i}`)),
      ignore,
    });
    if ('steps' in result) scenarios.push(result);
    else problems.push({ ...result.at, message: result.message, advice: result.advice });
  }
  return { scenarios, problems };
}

function isWebSocket({ request, _resourceType, _webSocketMessages }: HarEntry): boolean {
  return _resourceType === 'websocket' || _webSocketMessages !== null || /^wss?:/i.test(request.url);
}

/** Is there anything to compare: messages, the end, or a refusal? */
function canBePlayed({ response, _webSocketMessages, _scfWs: end }: HarEntry): boolean {
  const hasMessages = (_webSocketMessages ?? []).some(({ type }) => type === 'send' || type === 'receive');
  if (hasMessages) return true;
  // A browser that was refused knows no status; too many at once is nothing that one connection can repeat.
  const wasRefused = response.status >= 200 && end?.cause !== 'concurrency-exceeded';
  return wasRefused || (end !== undefined && response.status === 101);
}

function whyNothing(entries: readonly HarEntry[]): { message: string; advice: string } {
  if (entries.length === 0) {
    return {
      message: 'the HAR has no WebSocket connection',
      advice: 'record while a page connects: the network panel must be open before the connection is',
    };
  }
  const message = 'the HAR has WebSocket connections, but no message of them';
  const isLeftOut = entries.every(({ _webSocketMessages }) => _webSocketMessages === null);
  const advice = isLeftOut
    ? 'record the messages, too: with Playwright by recordHar with content: embed, with Chrome by its network panel'
    : 'record until messages were exchanged';
  return { message, advice };
}

function notJson(text: string, { file, error }: { file: string; error: SyntaxError }): ConfigProblem {
  const start = text.trimStart();
  const whole = { file, line: 1, column: 1 };
  if (start === '') return { ...whole, message: 'the file is empty', advice: EXPORT };
  if (start.startsWith('<')) {
    return { ...whole, message: 'the file is HTML or XML, not a HAR', advice: EXPORT };
  }
  if (start.startsWith('PK')) {
    const advice = 'unpack it, and name the .har file that is in it';
    return { ...whole, message: 'the file is a zip archive, not a HAR', advice };
  }
  const isCut = /^(?:Unexpected end|Unterminated)/.test(error.message);
  if (isCut) {
    const message = 'the file ends in the middle: it is not a whole HAR';
    return { file, ...placeIn(text, text.trimEnd().length), message, advice: EXPORT };
  }
  const offset = Number(/ at position (\d+)/.exec(error.message)?.[1] ?? 0);
  const message = 'the file is not JSON, and so not a HAR';
  return { file, ...placeIn(text, offset), message, advice: EXPORT };
}
