// What is read of a shell script without running it: words, variables, the working folder, what may not run.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: these are shell's.
import { describe, expect, test } from 'vitest';
import { shellCommands } from '../../src/check/shell-commands.ts';

const VARIABLES = { PATH: '/usr/bin:/bin', STAGE: 'prod' };

/** The words of each command; `?`: only a run tells, and a trailing `?` for what may not run. */
function read(text: string): readonly string[] {
  return shellCommands(text, VARIABLES).map(
    ({ words, isConditional }) => words.map(word => word ?? '?').join(' ') + (isConditional ? ' ?' : ''),
  );
}

test.each<[what: string, text: string, commands: readonly string[]]>([
  ['quotes', `a 'b c' "d e" f\\ g`, ['a b c d e f g']],
  ['escapes in quotes', String.raw`a "b\"c" "\$d"`, ['a b"c $d']],
  ['a line that goes on', 'a \\\n  b', ['a b']],
  ['comments', '# a\nb # c\nd#e', ['b', 'd#e']],
  ['several on a line', 'a; b && c | d & e', ['a', 'b', 'c', 'd', 'e']],
  ['variables that are given', 'a $STAGE "${STAGE}x"', ['a prod prodx']],
  ['variables that are set', 'X=1\nexport Y="$X$X" Z\na $X $Y', ['a 1 11']],
  ['variables of one command', 'X=1 a $STAGE\nb $X', ['a prod', 'b ?']],
  ['variables that nobody knows', 'a $1 "$UNKNOWN" b', ['a ? ? b']],
  ['defaults', 'a ${PORT:-9000} ${STAGE:-x} ${A:-$STAGE} ${B-"c d"}', ['a 9000 prod prod c d']],
  ['unset', 'X=1\nunset X\na ${X:-2}', ['a 2']],
  ['what is put out by commands', 'a $(b c) `d` $((1+2))', ['a ? ? ?']],
  ['patterns', 'rm *.log', ['rm ?']],
  [
    'the own folder',
    'a $(dirname "$0") "$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"',
    ['a /var/user /var/user'],
  ],
  ['a folder above it', 'a $(cd "$(dirname "$0")/.." && pwd)', ['a ?']],
  ['if', 'if a; then\n b\nelif c; then d\nelse\n e\nfi\nf', ['a ?', 'b ?', 'c ?', 'd ?', 'e ?', 'f']],
  ['loops and case', 'for x in 1 2; do a; done\ncase $1 in\n b) c ;;\nesac\nd', ['a ?', 'b ?', 'c ?', 'd']],
  ['functions', 'f() {\n a\n}\nf', ['f ?', 'a ?', 'f']],
  ['alternatives', 'a || b\n[ -f x ] && c\nd', ['a', 'b ?', 'c ?', 'd']],
  ['a subshell', '(a; b)\nc', ['a ?', 'b ?', 'c']],
  ['set in a branch', 'X=1\nif a; then X=2; fi\nb $X', ['a ?', 'b ?']],
  ['nothing behind exec or exit', 'exec a\nb', ['exec a']],
  ['more behind exec in a branch', 'if a; then exec b; fi\nexit 3\nc', ['a ?', 'exec b ?', 'exit 3']],
  ['exec for redirection only', 'exec 2>&1\na', ['exec', 'a']],
  ['a here-document', 'cat <<EOF > x\n"$( unfinished\nEOF\na', ['cat', 'a']],
  ['a here-document with tabs', "cat <<-'E F'\n\tb\n\tE F\na", ['cat', 'a']],
  ['text over several lines', "a '\nb\n' c\nd", ['a \nb\n c', 'd']],
  ['what has no end', 'a "b\nc', ['a b\nc']],
])('%s', (_what, text, commands) => {
  expect(read(text)).toEqual(commands);
});

test('lines are counted through all of it', () => {
  const text = 'a \\\n b\n# c\n\nd "\n" e\ncat <<X\n1\nX\nf $(g\n)\nh';
  expect(shellCommands(text, {}).map(({ line, words }) => `${line} ${words[0]}`)).toEqual([
    '1 a',
    '5 d',
    '7 cat',
    '10 f',
    '12 h',
  ]);
});

describe('the working folder', () => {
  test.each([
    ['', '/var/user'],
    ['cd server', '/var/user/server'],
    ['cd /tmp/x/', '/tmp/x/'.replace(/\/$/, '')],
    ['cd a && cd ../b', '/var/user/b'],
    ['cd "$UNKNOWN"', null],
    ['cd "$UNKNOWN"\ncd /tmp', '/tmp'],
    ['if a; then cd b; fi', null],
    ['cd "${0%/*}"', '/var/user'],
  ])('after %j', (text, folder) => {
    expect(shellCommands(`${text}\nlast`, {}).at(-1)).toMatchObject({ words: ['last'], folder });
  });
});

test('output goes to files, in every notation', () => {
  const text = 'a > b 2>> c 2>&1 < d\ne &> "f g" >/dev/null >$H';
  expect(shellCommands(text, {}).map(({ outputs }) => outputs)).toEqual([
    ['b', 'c'],
    ['f g', '/dev/null', null],
  ]);
});
