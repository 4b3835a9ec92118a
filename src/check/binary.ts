// The head of a compiled program → what it needs to run. Pure: bytes in, words out.

export interface Binary {
  readonly format: 'ELF' | 'Mach-O' | 'PE';
  /** As people call it, e.g. `x86-64` or `arm64`. */
  readonly processor: string;
  /** The loader that a dynamically linked ELF names; null for a static one. */
  readonly loader: string | null;
}

const ELF_PROCESSORS: Readonly<Record<number, string>> = {
  3: 'x86 (32 bit)',
  40: 'arm (32 bit)',
  62: 'x86-64',
  183: 'arm64',
  243: 'riscv',
};

const PT_INTERP = 3;

/** Null for anything else, such as a script. */
export function binaryOf(head: Uint8Array): Binary | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (head.length < 20) return null;
  const magic = view.getUint32(0);
  if (magic === 0x7f454c46) return elfOf(head, view);
  if (magic === 0xcffaedfe) {
    return { format: 'Mach-O', processor: head[4] === 0x0c ? 'arm64' : 'x86-64', loader: null };
  }
  if (magic === 0xcafebabe && view.getUint32(4) < 40) {
    return { format: 'Mach-O', processor: 'several processors', loader: null };
  }
  if (head[0] === 0x4d && head[1] === 0x5a) return { format: 'PE', processor: 'Windows', loader: null };
  return null;
}

function elfOf(head: Uint8Array, view: DataView): Binary {
  const isLittle = head[5] === 1;
  const machine = view.getUint16(18, isLittle);
  const processor = ELF_PROCESSORS[machine] ?? `processor ${machine}`;
  return {
    format: 'ELF',
    processor,
    loader: head[4] === 2 && head.length >= 64 ? loaderOf(head, view, isLittle) : null,
  };
}

function loaderOf(head: Uint8Array, view: DataView, isLittle: boolean): string | null {
  const tableAt = Number(view.getBigUint64(32, isLittle));
  const entryBytes = view.getUint16(54, isLittle);
  const entries = view.getUint16(56, isLittle);
  for (let index = 0; index < entries; index++) {
    const at = tableAt + index * entryBytes;
    if (at + 56 > head.length) return null;
    if (view.getUint32(at, isLittle) !== PT_INTERP) continue;
    const from = Number(view.getBigUint64(at + 8, isLittle));
    const size = Number(view.getBigUint64(at + 32, isLittle));
    return new TextDecoder().decode(head.subarray(from, from + size)).replace(/\0.*$/s, '') || null;
  }
  return null;
}
