// Durations and sizes: text a person writes ↔ numbers, and back for people. Pure.

const DURATION_UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  min: 60_000,
  h: 3_600_000,
};

/** Binary, as the platforms count (256 KB = 262,144 bytes). */
const SIZE_UNITS_BYTES: Readonly<Record<string, number>> = { B: 1, KB: 1024, MB: 1024 ** 2, GB: 1024 ** 3 };

const QUANTITY = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i;

/** `"2m"`, `"1.5 s"`, `"250ms"` → milliseconds; a bare number is seconds, as in the platforms' own configs. Null if it is neither. */
export function parseDurationMs(text: string): number | null {
  const match = QUANTITY.exec(text);
  if (!match) return null;
  const unitMs = DURATION_UNITS_MS[(match[2] || 's').toLowerCase()];
  return unitMs === undefined ? null : Number(match[1]) * unitMs;
}

/** `"256KB"`, `"1 MB"`, `"512"` (bytes) → bytes, in powers of 1024. `"KiB"` is read as `"KB"`. Null if it is neither. */
export function parseSizeBytes(text: string): number | null {
  const match = QUANTITY.exec(text);
  if (!match) return null;
  const unit = (match[2] || 'B')
    .toUpperCase()
    .replace(/IB$/, 'B')
    .replace(/^([KMG])$/, '$1B');
  const unitBytes = SIZE_UNITS_BYTES[unit];
  return unitBytes === undefined ? null : Math.round(Number(match[1]) * unitBytes);
}

/** For people: `450 ms`, `3 s`, `2 min`, `2 h`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${round(ms)} ms`;
  if (ms >= 3_600_000 && ms % 1_800_000 === 0) return `${round(ms / 3_600_000)} h`;
  if (ms >= 120_000 && ms % 60_000 === 0) return `${round(ms / 60_000)} min`;
  return `${round(ms / 1000)} s`;
}

/** For people: `512 B`, `256 KB`, `1.5 MB`. */
export function formatSize(bytes: number): string {
  for (const unit of ['GB', 'MB', 'KB'] as const) {
    const unitBytes = SIZE_UNITS_BYTES[unit] ?? 1;
    if (bytes >= unitBytes) return `${round(bytes / unitBytes)} ${unit}`;
  }
  return `${bytes} B`;
}

/** To what people read: two digits behind the point, none from 100 on. */
export function round(value: number): number {
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100;
}
