// An output that a test can read.
import type { Output } from '../../src/testing/reporters/output.ts';

export class MemoryOutput implements Output {
  text = '';

  write(text: string): void {
    this.text += text;
  }

  async end(): Promise<void> {}
}
