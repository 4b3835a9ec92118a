// The process driver as tests use it. A module of its own, so that an emulator in another process can use it too.
import { tencentScf } from '../../src/platforms/tencent-scf.ts';
import { ProcessDriver } from '../../src/sandbox/process-driver.ts';

export function create(onWarning: (message: string) => void = () => {}): ProcessDriver {
  return new ProcessDriver({
    runtimes: tencentScf.runtimes.value,
    callerEnvironment: process.env,
    onWarning,
  });
}
