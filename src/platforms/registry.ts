// The platforms that exist. To add one: write its file beside this one and name it here.
import type { Platform } from './platform.ts';
import { tencentScf } from './tencent-scf.ts';

/** Where neither a config nor the command line names one. */
export const DEFAULT_PLATFORM: Platform = tencentScf;

const PLATFORMS: ReadonlyMap<string, Platform> = new Map([[tencentScf.id, tencentScf]]);

export function platformIds(): readonly string[] {
  return [...PLATFORMS.keys()];
}

/** The platform of that id, or null. */
export function findPlatform(id: string): Platform | null {
  return PLATFORMS.get(id) ?? null;
}
