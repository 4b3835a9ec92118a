// What the kernel knows of a process: its CPU time, its memory, its calls. Linux only, like the benchmark.
import { readFileSync } from 'node:fs';

/** USER_HZ, which is 100 on every Linux that Node runs on. */
const MS_PER_TICK = 10;

/** User and system time of all threads (proc(5): utime, stime). */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // `pid (name) state …`, where the name can have anything in it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

/** How often it has called read(); what uses recv() has none. */
export function readCalls(pid: number): number {
  return Number(/^syscr: (\d+)/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))?.[1] ?? Number.NaN);
}

/** Resident memory. */
export function memoryBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? Number.NaN) * 1024;
}

/** How many connections a proxy can have: two descriptors each, and some of its own. */
export function mostConnections(): number {
  const limits = readFileSync('/proc/self/limits', 'latin1');
  const descriptors = /^Max open files\s+\S+\s+(\S+)/m.exec(limits)?.[1] ?? '1024';
  return descriptors === 'unlimited' ? Infinity : Math.floor((Number(descriptors) - 200) / 2);
}
