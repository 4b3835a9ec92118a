import { describe, expect, it } from 'vitest';
import { formatDuration, formatSize, parseDurationMs, parseSizeBytes } from '../../src/core/units.ts';

describe('durations', () => {
  it.each([
    ['60', 60_000],
    ['2s', 2000],
    ['500ms', 500],
    ['1.5 s', 1500],
    ['2m', 120_000],
    ['2h', 7_200_000],
    ['', null],
    ['2x', null],
    ['-1s', null],
    ['s', null],
  ])('"%s" is %s ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms);
  });

  it.each([
    [0.4567, '0.46 ms'],
    [450, '450 ms'],
    [3000, '3 s'],
    [60_000, '60 s'],
    [120_000, '2 min'],
    [7_200_000, '2 h'],
    [9_000_000, '2.5 h'],
  ])('%s ms is said as "%s"', (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });
});

describe('sizes', () => {
  it.each([
    ['512', 512],
    ['256KB', 262_144],
    ['256 KiB', 262_144],
    ['256k', 262_144],
    ['1.5MB', 1_572_864],
    ['1GB', 1_073_741_824],
    ['KB', null],
    ['1TBX', null],
  ])('"%s" is %s bytes', (text, bytes) => {
    expect(parseSizeBytes(text)).toBe(bytes);
  });

  it.each([
    [2, '2 B'],
    [262_144, '256 KB'],
    [307_200, '300 KB'],
    [1_572_864, '1.5 MB'],
  ])('%s bytes are said as "%s"', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text);
  });
});
