// Stories of one connection as text: `>> TIME EVENT key=value …` goes in, `<< EFFECT …` and `-- PHASE` come out.
// A story's file holds both; `vitest -u` writes the outgoing lines anew, and the diff is what a person reviews.
import type { SandboxExit } from '../../src/core/end-cause.ts';
import { begin, step } from '../../src/core/lifecycle.ts';
import type { Effect, Event, LifecycleRules, State, Step } from '../../src/core/lifecycle-words.ts';

export const RULES: LifecycleRules = {
  initTimeoutMs: 60_000,
  executionTimeoutMs: 300_000,
  idleTimeoutMs: 10_000,
  maxMemoryBytes: 128 * 1024 ** 2,
  settleMs: 250,
  closeGraceMs: 5000,
  stopGraceMs: 500,
  terminateGraceMs: 2000,
  reuseInstances: false,
  timeoutCloseCode: null,
  messageTooBigCloseCode: 1009,
  rateExceededCloseCode: 1008,
};

/** The story's text with every outgoing line as the machine gives it now. */
export function replay(text: string): string {
  const lines: string[] = [];
  let rules = RULES;
  let state: State | null = null;
  for (const line of text.split('\n')) {
    if (line.startsWith('<<') || line.startsWith('--')) continue;
    lines.push(line);
    if (line.startsWith('rules ')) {
      rules = { ...RULES, ...fields(line.slice('rules '.length)) };
    } else if (line.startsWith('>> ')) {
      const [, at = '', type = '', rest = ''] = /^>> (\d+) (\S+) ?(.*)$/.exec(line) ?? [];
      const before: State | null = state;
      const [next, effects]: Step =
        before === null
          ? begin(
              Number(at),
              rules,
              type === 'refused' ? { kind: 'concurrency-exceeded', maxInstances: 1 } : null,
            )
          : step(before, { type, ...fields(rest) } as unknown as Event, Number(at), rules);
      state = next;
      lines.push(...effects.map(effectLine));
      if (next.phase !== before?.phase)
        lines.push(`-- ${next.phase}${next.cause ? ` because ${causeText(next)}` : ''}`);
    }
  }
  return lines.join('\n');
}

function effectLine({ type, ...rest }: Effect): string {
  const words = Object.entries(rest).map(([key, value]) =>
    key === 'cause' ? `cause=${(value as { kind: string }).kind}` : `${key}=${JSON.stringify(value)}`,
  );
  return ['<<', type, ...words].join(' ');
}

function causeText({ cause }: State): string {
  return Object.entries(cause ?? {})
    .map(([key, value]) => (key === 'kind' ? String(value) : `${key}=${JSON.stringify(value)}`))
    .join(' ');
}

function fields(text: string): Record<string, unknown> {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)=(\S*)/g)].map(([, key = '', value = '']) => [key, parseValue(key, value)]),
  );
}

function parseValue(key: string, value: string): unknown {
  if (key !== 'exit') return /^(-?\d+|null|true|false)$/.test(value) ? JSON.parse(value) : value;
  const exit: SandboxExit = /^\d+$/.test(value)
    ? { kind: 'exited', code: Number(value) }
    : { kind: 'signaled', signal: value };
  return exit;
}
