// What the output of an instance says of a start that failed: a missing module, a read-only file system, no network.
// Pure: the words of Node, Python, shells, PHP and Java.

export interface MissingModule {
  readonly language: 'node' | 'python';
  /** As it was asked for: a name, or a path that begins with `.` or `/`. */
  readonly name: string;
}

const NODE_MODULE = /Cannot find (?:module|package) '([^']+)'/;
const PYTHON_MODULE = /No module named '?([\w.]+)'?/;

/** The module whose absence ended it; the first that is named. */
export function missingModule(lines: readonly string[]): MissingModule | null {
  for (const line of lines) {
    const [, node] = NODE_MODULE.exec(line) ?? [];
    if (node !== undefined) return { language: 'node', name: packageName(node) };
    const [, python] = PYTHON_MODULE.exec(line) ?? [];
    if (python !== undefined) return { language: 'python', name: python };
  }
  return null;
}

/** `@a/b/c` → `@a/b`, `a/b` → `a`; a path stays one. */
function packageName(specifier: string): string {
  if (/^[./]/.test(specifier)) return specifier;
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

const READ_ONLY = /read-only file system/i;

/** In quotes; behind what was done; before the words of a shell or of Go. */
const PATHS = [
  /'([^']+)'/,
  /"([^"]+)"/,
  /‘([^’]+)’/,
  /(?:open|mkdir|unlink) ([^\s:,]+)/,
  /(?:^|\s)([^\s:]+): read-only/i,
] as const;

/** What it could not write; a line that names no path counts as null. */
export function readOnlyPaths(lines: readonly string[]): readonly (string | null)[] {
  const paths = lines
    .filter(line => READ_ONLY.test(line))
    .map(line => PATHS.map(pattern => pattern.exec(line)?.[1]).find(path => path !== undefined) ?? null);
  return [...new Set(paths)];
}

const LOOPBACK = /\b127\.\d+\.\d+\.\d+|::1\b|localhost/;

const REFUSED = /\bECONNREFUSED|connection refused/i;

const NO_NETWORK =
  /EAI_AGAIN|\bENOTFOUND|ENETUNREACH|Network is unreachable|Temporary failure in name resolution|Name or service not known|UnknownHostException|php_network_getaddresses|no such host/i;

/** Something else on its own machine that it did not reach. */
export function neighbourError(lines: readonly string[]): string | null {
  return lines.find(line => REFUSED.test(line) && LOOPBACK.test(line)) ?? null;
}

/** Something that only a network beyond the instance could have given. */
export function networkError(lines: readonly string[]): string | null {
  // Further lines of the same error name no address.
  if (neighbourError(lines) !== null) return null;
  return lines.find(line => NO_NETWORK.test(line) || REFUSED.test(line)) ?? null;
}

/** A command that a shell, `env` or npm did not find. */
export function missingCommand(lines: readonly string[]): string | null {
  for (const line of lines) {
    const [, shell] = /line \d+: ([^:]+): (?:command not found|No such file or directory)/.exec(line) ?? [];
    const [, dash] = /: \d+: ([^:]+): not found/.exec(line) ?? [];
    const [, env] = /env: ['‘"]?([^'’":]+)['’"]?: No such file or directory/.exec(line) ?? [];
    const [, npm] = /^sh: \d+: ([^:]+): not found/.exec(line) ?? [];
    const found = shell ?? npm ?? dash ?? env;
    if (found !== undefined) return found.trim();
  }
  return null;
}
