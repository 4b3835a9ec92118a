// What the gateway is held to (ratios within one run), and where it stands.
import type { CandidateName } from './candidates.ts';
import type { LoadName } from './plan.ts';
import type { LoadRow, Results, StartName } from './results.ts';

export interface Bar {
  readonly what: string;
  /** The most that it may be. */
  readonly bar: number;
  readonly measured: number;
}

/** `+15 ms` also does: on a machine this quick it is no more than a few hundredths. */
const COLD_START_ROOM_MS = 15;

const URL_OF_NODE = 2.5;

/** Those whose parts were run. */
export function barsOf(results: Results): readonly Bar[] {
  return [...loadBars(results), ...memoryBars(results), ...startBars(results), ...growthBars(results)];
}

function loadBars({ loads }: Results): readonly Bar[] {
  const row = (load: LoadName, candidate: CandidateName): LoadRow | undefined =>
    loads.find(entry => entry.load === load && entry.candidate === candidate);
  const bars: Bar[] = [];
  const cpu = (load: LoadName, bar: number): void => {
    const measured = row(load, 'scf-ws')?.cpuToPipe ?? null;
    if (measured !== null) bars.push({ what: `CPU per message, ${load}, to the pipe`, bar, measured });
  };
  cpu('stream', 1.15);
  const toWs = row('stream', 'scf-ws')?.cpuToWs ?? null;
  if (toWs !== null) bars.push({ what: 'CPU per message, stream, to ws-ws', bar: 0.35, measured: toWs });
  cpu('ping-pong', 1.1);
  cpu('large', 1.1);
  const [direct, pipe, ours] = (['direct', 'pipe', 'scf-ws'] as const).map(name => row('ping-pong', name));
  if (direct !== undefined && pipe !== undefined && ours !== undefined) {
    const added = (entry: LoadRow): number => entry.median.p50Ms - direct.median.p50Ms;
    bars.push({
      what: 'added p50, ping-pong, to what the pipe adds',
      bar: 1,
      measured: added(ours) / added(pipe),
    });
  }
  return bars;
}

function memoryBars({ memory }: Results): readonly Bar[] {
  return memory
    .filter(({ candidate }) => candidate === 'scf-ws')
    .flatMap(({ connections, bytesPerConnection, laterBytesPerConnection }) => {
      const pipe = memory.find(row => row.candidate === 'pipe' && row.connections === connections);
      if (pipe === undefined) return [];
      const measured = bytesPerConnection / pipe.bytesPerConnection;
      const bar = { what: `memory per idle connection, ${connections}, to the pipe`, bar: 1.5, measured };
      if (laterBytesPerConnection === null) return [bar];
      const what = `memory per idle connection, ${connections}, later to before`;
      return [bar, { what, bar: 1.05, measured: laterBytesPerConnection / bytesPerConnection }];
    });
}

function startBars({ starts, burst }: Results): readonly Bar[] {
  const bars: Bar[] = [];
  const ms = (what: StartName): number => starts.find(row => row.what === what)?.medianMs ?? Number.NaN;
  if (starts.length > 0) {
    const node = ms('node -e 0');
    const bare = ms('the app by itself, to its listening');
    const cold = ms('cold start: connect to open');
    bars.push(
      {
        what: 'cold start to bare start',
        bar: Math.max(1.05, (bare + COLD_START_ROOM_MS) / bare),
        measured: cold / bare,
      },
      { what: 'connect to open, provisioned, ms', bar: 5, measured: ms('provisioned: connect to open') },
      { what: 'scf-ws --version to node -e 0', bar: 1.5, measured: ms('scf-ws --version') / node },
      {
        what: 'dev to its URL, to node -e 0',
        bar: URL_OF_NODE,
        measured: ms('scf-ws dev, to its URL') / node,
      },
    );
  }
  const [bare, emulated] = burst;
  if (bare !== undefined && emulated !== undefined) {
    const what = `burst of ${bare.instances} to the bare apps`;
    bars.push({ what, bar: 1.2, measured: emulated.medianMs / bare.medianMs });
  }
  return bars;
}

function growthBars({ growth, opening }: Results): readonly Bar[] {
  const ours = growth.filter(({ candidate }) => candidate === 'scf-ws');
  const [one] = ours;
  const most = Math.max(...ours.map(({ cpuUsPerMessage }) => cpuUsPerMessage));
  const opened = opening.find(({ candidate }) => candidate === 'scf-ws');
  return [
    ...(one === undefined
      ? []
      : [
          { what: 'CPU per message, most to one connection', bar: 1.1, measured: most / one.cpuUsPerMessage },
        ]),
    ...(opened === undefined
      ? []
      : [{ what: 'opening the last to the first', bar: 1.1, measured: opened.lastMs / opened.firstMs }]),
  ];
}
