// For the contract, and for the emulator that it kills.
import { tencentScf } from '../../src/platforms/tencent-scf.ts';
import { NamespaceDriver } from '../../src/sandbox/namespace-driver.ts';

export function create(onWarning: (message: string, advice?: string) => void = () => {}): NamespaceDriver {
  return new NamespaceDriver({
    runtimes: tencentScf.runtimes.value,
    cloudEnvironment: tencentScf.fileSystem.variables.value,
    tmpBytes: tencentScf.fileSystem.tmpBytes.value,
    searchPath: process.env.PATH ?? '',
    onWarning,
  });
}
