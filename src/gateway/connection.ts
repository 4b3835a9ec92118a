// One connection: THE interpreter. Sockets and the sandbox raise events, `step` decides, the effects are done
// here, and nothing in here decides anything about the platform.
import type { Wake } from '../clock.ts';
import type { EndCause, Side } from '../core/end-cause.ts';
import type { FrameSeen } from '../core/frame-scanner.ts';
import type { Effect, Event, Phase } from '../core/lifecycle-words.ts';
import { cannotHappen } from '../core/never.ts';
import { Traffic } from '../core/traffic.ts';
import { forwardedRequest, platformAnswer } from './handshake.ts';
import type { Instance } from './instance.ts';
import { Machine } from './machine.ts';
import { Recorder } from './recorder.ts';
import { Relay } from './relay.ts';
import { endedBody } from './report.ts';
import type { ConnectionOptions } from './setup.ts';
import { Transport } from './transport.ts';
import { Upgrade } from './upgrade.ts';

/** What a client may send before its function is connected; then it waits. */
const MAX_EARLY_BYTES = 64 * 1024;

const ENDING: ReadonlySet<Phase> = new Set<Phase>(['settling', 'closing', 'stopping']);

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #recorder: Recorder;
  readonly #client: Transport;
  /** By the side that sends. */
  readonly #relays: Readonly<Record<Side, Relay>>;
  readonly #upgrade = this.#newUpgrade();
  readonly #machine: Machine;
  #function: Transport | null = null;
  #instance: Instance | null = null;
  #wake: Wake | null = null;
  /** What the client sent before the function was connected. */
  #early: Buffer[] = [];
  #earlyBytes = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { requestId, journal } = options;
    this.#recorder = new Recorder({
      requestId,
      functionName: options.setup.name,
      clock: options.clock,
      journal,
    });
    const { setup, clock, request, socket, head, refusal, tap } = options;
    this.#relays = { client: this.#relayFrom('client'), function: this.#relayFrom('function') };
    const perform = (effect: Effect): void => this.#perform(effect);
    this.#machine = new Machine({ clock, rules: setup.rules, perform }, refusal);
    this.#recorder.record({
      type: 'connected',
      path: request.url ?? '/',
      from: socket.remoteAddress ?? 'a client that has left',
      fromPort: socket.remotePort ?? null,
    });
    this.#client = new Transport(socket, {
      onData: chunk => this.#fromClient(chunk),
      onEnded: reset => this.#raise({ type: 'transport-ended', side: 'client', reset }),
      onGone: () => this.#raise({ type: 'transport-gone', side: 'client' }),
      onDrained: () => this.#function?.resume(),
      onWrite: tap && (bytes => tap.wrote('client', bytes)),
    });
    this.#machine.begin();
    if (head.length > 0) this.#fromClient(head);
  }

  get requestId(): string {
    return this.#options.requestId;
  }

  /** Is its cause, or nearly its cause, known, and its end not over? */
  get isEnding(): boolean {
    return ENDING.has(this.#machine.state.phase);
  }

  /** What has come from the client, the handshake included. */
  get receivedBytes(): number {
    return this.#client.receivedBytes;
  }

  stop(): void {
    this.#raise({ type: 'stop-requested' });
  }

  /** Ends the instance at once, and leaves the rest to the end of the program. */
  kill(): void {
    this.#instance?.sandbox.kill();
  }

  #raise(event: Event): void {
    this.#machine.raise(event);
  }

  #perform(effect: Effect): void {
    const { clock } = this.#options;
    switch (effect.type) {
      case 'start-sandbox':
        this.#startSandbox();
        break;
      case 'connect-function':
        this.#connectFunction();
        break;
      case 'answer-with-status':
        this.#answerWithStatus(effect.cause);
        break;
      case 'send-close':
        this.#sendClose(effect);
        break;
      case 'end-transport':
        this.#transport(effect.side)?.end(effect);
        break;
      case 'cut-transport':
        this.#transport(effect.side)?.cut();
        break;
      case 'terminate-sandbox':
        this.#instance?.sandbox.terminate();
        break;
      case 'kill-sandbox':
        this.#instance?.sandbox.kill();
        break;
      case 'release-sandbox':
        if (this.#instance !== null) this.#options.instances.release(this.#instance);
        break;
      case 'wake-at':
        this.#wake?.cancel();
        this.#wake = effect.at === null ? null : clock.wakeAt(effect.at, () => this.#raise({ type: 'woke' }));
        break;
      case 'report':
        this.#report();
        break;
      default:
        cannotHappen(effect);
        break;
    }
  }

  #startSandbox(): void {
    const { requestId, instances, clock } = this.#options;
    this.#instance = instances.take(requestId, {
      record: body => this.#recorder.record(body),
      raise: event => this.#raise(event),
      waitedMs: () => (clock.now() - this.#machine.state.startedAt) / clock.scale,
    });
  }

  #connectFunction(): void {
    const { requestId, setup, request, tap } = this.#options;
    const socket = this.#instance?.sandbox.connect();
    if (socket === undefined) return;
    this.#function = new Transport(socket, {
      onData: chunk => this.#fromFunction(chunk),
      onEnded: reset => this.#raise({ type: 'transport-ended', side: 'function', reset }),
      onGone: () => this.#raise({ type: 'transport-gone', side: 'function' }),
      onDrained: () => this.#client.resume(),
      onWrite: tap && (bytes => tap.wrote('function', bytes)),
    });
    const { reservedHeaderPrefix } = setup;
    this.#function.write(
      forwardedRequest(request, { reservedHeaderPrefix, headers: setup.headersFor(requestId) }),
    );
  }

  /** The handshake is answered: what the client sent before comes now, as if it had waited. */
  #releaseEarly(): void {
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) this.#fromClient(chunk);
    this.#client.resume();
  }

  #fromClient(chunk: Buffer): void {
    if (this.#machine.state.openedAt === null) {
      this.#early.push(chunk);
      this.#earlyBytes += chunk.length;
      if (this.#earlyBytes > MAX_EARLY_BYTES) this.#client.pause();
      return;
    }
    this.#relayed('client', chunk);
  }

  #fromFunction(chunk: Buffer): void {
    if (this.#machine.state.openedAt !== null) this.#relayed('function', chunk);
    // Otherwise the client got the platform's answer, or has left.
    else if (this.#machine.state.cause === null || this.#machine.state.answered) this.#upgrade.push(chunk);
  }

  #newUpgrade(): Upgrade {
    return new Upgrade({
      onAccepted: ({ head, rest }) => {
        this.#client.write(head);
        this.#recorder.record({ type: 'opened' });
        this.#raise({ type: 'upgrade-accepted' });
        this.#releaseEarly();
        if (rest.length > 0) this.#fromFunction(rest);
      },
      onRefused: (httpStatus, bytes) => {
        this.#raise({ type: 'upgrade-refused', httpStatus });
        this.#answerClient(bytes);
      },
      onRefusalBytes: bytes => this.#answerClient(bytes),
      onRefusalEnded: () => this.#raise({ type: 'refusal-ended' }),
      onGarbage: () => this.#function?.cut(),
    });
  }

  #answerClient(bytes: Buffer): void {
    if (!this.#client.write(bytes)) this.#function?.pause();
  }

  #relayed(side: Side, chunk: Buffer): void {
    const from = this.#transport(side);
    const to = this.#transport(side === 'client' ? 'function' : 'client');
    if (from === null || to === null) return;
    const at = this.#options.clock.now();
    // A timer that is due but late comes first: a deadline that has passed beats these bytes.
    if (this.#machine.state.wakeAt !== null && at >= this.#machine.state.wakeAt)
      this.#raise({ type: 'woke' });
    let canGoOn: boolean;
    if (this.#machine.state.severed) canGoOn = this.#relays[side].passRest(chunk, { to });
    else if (this.#machine.state.cause !== null) canGoOn = this.#relays[side].passUnlimited(chunk, { to });
    else canGoOn = this.#relays[side].pass(chunk, { to, at });
    if (!canGoOn) from.pause();
  }

  #sendClose({ to, code, reason }: { to: Side; code: number; reason: string }): void {
    const transport = this.#transport(to);
    const relay = this.#relays[to === 'client' ? 'function' : 'client'];
    if (transport === null) return;
    this.#recorder.record({ type: 'close-sent', to, code, reason });
    relay.sendClose({ code, reason }, { to: transport });
  }

  #answerWithStatus(cause: EndCause): void {
    const { requestId, setup } = this.#options;
    const { statusCode, errorMessage } = setup.answerFor(cause);
    this.#client.write(
      // 503 for what has no status on the platform: the emulator is being stopped.
      platformAnswer({ statusCode: statusCode ?? 503, errorMessage: errorMessage ?? cause.kind, requestId }),
    );
  }

  #report(): void {
    const { requestId, setup, clock, onReport } = this.#options;
    const { cause } = this.#machine.state;
    // The machine reports only what has a cause.
    if (cause === null) return;
    const ended = endedBody({
      requestId,
      setup,
      clock,
      state: { ...this.#machine.state, cause },
      instance: this.#instance,
      relays: this.#relays,
    });
    this.#recorder.record(ended);
    onReport(ended.report);
  }

  #transport(side: Side): Transport | null {
    return side === 'client' ? this.#client : this.#function;
  }

  #relayFrom(from: Side): Relay {
    const { setup } = this.#options;
    const onFrame = this.#recorder.wantsFrames
      ? (frame: FrameSeen): void => this.#recorder.record({ type: 'frame', from, ...frame })
      : undefined;
    return new Relay(from, {
      traffic: new Traffic(from === 'client' ? setup.up : setup.down, { onFrame }),
      events: {
        onMessage: at => this.#machine.messageSeen(at),
        onBroken: (by, broken) => this.#raise({ type: 'quota-broken', by, ...broken }),
        onClose: (side, close) => {
          const isAnswer = this.#machine.state.cause !== null;
          this.#recorder.record({ type: 'close-received', from: side, isAnswer, ...close });
          this.#raise({ type: 'close-received', from: side, ...close });
        },
      },
    });
  }
}
