// What must stand at a place of a scenario, in the words of the problem, and what to do when it does not. Pure.

interface Expectation {
  readonly must: string;
  readonly advice: string;
  /** What to do with two keys that exclude each other. */
  readonly apart?: string;
}

const EXPECTATIONS = {
  file: {
    must: 'must be a map with steps, or with scenarios',
    advice: 'write steps: and, indented below it, a line such as "- connect: {}" for each step',
    apart: 'move it into each scenario that needs it',
  },
  scenario: { must: 'must be a map with steps', advice: 'write name: and steps: below each "-"' },
  step: {
    must: 'must be a map with one action in it',
    advice: 'write a step such as "- send: hello"; see the list of steps in the README',
    apart: 'a step has one action: begin the other with a "-" of its own',
  },
  steps: { must: 'must be a list of steps', advice: 'write a line such as "- connect: {}" for each step' },
  setup: {
    must: 'must be a list of steps, or the path of a file that has one',
    advice: 'write a line such as "- connect: {}" for each step, or a path such as setup.yaml',
  },
  scenarios: {
    must: 'must be a list of scenarios',
    advice: 'write "- name: …" for each, with its steps: below the name',
  },
  map: {
    must: 'must be a map of keys and values',
    advice: 'write "key: value" lines below it, or {} for none',
  },
  text: {
    must: 'must be text',
    advice: 'write the text, in quotes if YAML would take it for something else',
  },
  name: {
    must: 'must be text',
    advice: 'write what the scenario shows, such as: an idle client is cut with 455',
  },
  filePath: {
    must: 'must be the path of a file',
    advice: 'write a path relative to this file, such as big.json',
  },
  client: {
    must: 'must be the name of a client',
    advice: 'write a name such as alice: a letter, then letters, digits, "-" and "_"',
  },
  variable: {
    must: 'must be the name of a variable',
    advice: 'write a name such as id: a letter or "_", then letters, digits and "_"',
  },
  capture: {
    must: 'must be a map from variables to where their values stand in the message',
    advice: 'write such as { id: $.user.id }; $ is the whole message',
  },
  capturePath: {
    must: 'must be a path into the message',
    advice: 'write $ for the whole message, or a path such as $.user.id or $.items[0]',
  },
  path: {
    must: 'must be a path that begins with "/"',
    advice: 'write a path and query such as /?room=1, without spaces and "#"',
  },
  headerName: {
    must: 'must be the name of a header',
    advice: 'use letters, digits and "-" alone',
  },
  header: { must: 'must be the text of a header', advice: 'write one line of text' },
  subprotocols: {
    must: 'must be a list of subprotocols, each once',
    advice: 'write such as [chat, "v2.chat"], without spaces and commas in a name',
  },
  duration: {
    must: 'must be a duration',
    advice: 'write seconds (2) or a number with a unit (500ms, 2s, 2h)',
  },
  size: {
    must: 'must be a size',
    advice: 'write bytes (4096) or a number with a unit (300KB), at most 256MB',
  },
  sizeOrRange: {
    must: 'must be a size, or a range of sizes',
    advice: 'write such as 300KB, or { min: 1KB, max: 2KB }, at most 256MB',
  },
  range: {
    must: 'must have min, max or both, min not above max',
    advice: 'write such as { min: 1, max: 5 }',
  },
  count: { must: 'must be a whole number from 0 on, or a range', advice: 'write such as 2, or { min: 1 }' },
  number: { must: 'must be a number, or a range', advice: 'write such as 455, or { min: 1, max: 5 }' },
  times: { must: 'must be a whole number from 1 on', advice: 'write a number such as 11' },
  status: { must: 'must be a status code', advice: 'write a number such as 446' },
  closeCode: {
    must: 'must be a close code that may be sent, or none',
    advice:
      'write 1000, another defined code up to 1014, or one from 3000 to 4999; none sends a close frame without a code',
  },
  seenCloseCode: {
    must: 'must be a close code',
    advice: 'write a number from 1000 to 4999; 1005 is a close frame without a code, 1006 a cut connection',
  },
  flags: { must: 'must be flags of a regular expression', advice: 'write some of i, m, s and u, such as i' },
  base64: { must: 'must be base64', advice: 'write such as aGVsbG8=, or use text or file' },
  boolean: { must: 'must be true or false', advice: 'write true or false, without quotes' },
  outgoing: {
    must: 'must be text, or a map with one of text, json, base64, size and file',
    advice: 'write such as hello, or { json: { type: hello } }',
    apart: 'a message has one content: send the other in a step of its own',
  },
  expected: {
    must: 'must be text, or a map with one of text, json, matches, base64, size and file',
    advice: 'write such as hello, or { json: { type: hello } }; {} takes any message',
    apart: 'keep one of the two',
  },
  messages: { must: 'must be a list of messages', advice: 'write a line such as "- hello" for each' },
  expectedText: {
    must: 'must be text, or a map with one of text, json and matches',
    advice: 'write such as bye, or { matches: "^bye" }',
    apart: 'keep one of the two',
  },
  parallel: {
    must: 'must be a map from clients to their steps',
    advice: 'write the name of each client and, indented below it, its list of steps',
  },
  cause: { must: 'must be a cause', advice: 'see the table of causes in the README, such as idle-timeout' },
  closedBy: { must: 'must be client, function or platform', advice: 'write one of the three' },
  basis: { must: 'must be documented, observed or assumed', advice: 'write one of the three' },
  origin: { must: 'must be cold, provisioned or reused', advice: 'write one of the three' },
} as const satisfies Readonly<Record<string, Expectation>>;

export type ExpectationId = keyof typeof EXPECTATIONS;

/** The schemas carry the id of an expectation as their message; this gives its words. */
export function expectationOf(message: unknown): Expectation {
  return typeof message === 'string' && Object.hasOwn(EXPECTATIONS, message)
    ? EXPECTATIONS[message as ExpectationId]
    : { must: `is not valid (${String(message)})`, advice: 'compare with the examples in the README' };
}

export const wants = (id: ExpectationId): ExpectationId => id;

/** Names from other tools, and from other words of this one; lower case, without "-" and "_". */
export const SYNONYMS: Readonly<Record<string, string>> = {
  open: 'connect',
  disconnect: 'close',
  terminate: 'cut',
  drop: 'cut',
  abort: 'cut',
  message: 'send',
  write: 'send',
  receive: 'expect',
  recv: 'expect',
  read: 'expect',
  wait: 'advance',
  sleep: 'advance',
  delay: 'advance',
  crash: 'kill',
  loop: 'repeat',
  client: 'as',
  timeout: 'within',
  regex: 'matches',
  match: 'matches',
  pattern: 'matches',
  protocols: 'subprotocols',
  url: 'path',
  variables: 'vars',
  tests: 'scenarios',
  before: 'setup',
  beforeeach: 'setup',
  extract: 'capture',
  save: 'capture',
  code: 'status',
};
