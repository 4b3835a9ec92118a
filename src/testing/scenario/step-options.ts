// What may stand in or beside steps of several kinds. Pure.
import * as v from 'valibot';
import { wants } from './scenario-words.ts';
import {
  capture as capturePaths,
  clientName,
  duration,
  headers as headerMap,
  path,
  subprotocols,
  text,
} from './value-schema.ts';

/** Real time: functions and machines do not run faster on the platform's clock. */
export const DEFAULT_WITHIN_MS = 5000;

export const as = v.optional(
  v.pipe(
    clientName,
    v.description('Which client. Left out: the only one that has connected; in parallel, the branch’s own.'),
  ),
);

export const within = v.optional(
  v.pipe(duration, v.description('How long to wait for it, in real time. Left out: 5 s.')),
);

export const capture = v.optional(
  v.pipe(
    capturePaths,
    v.description('Variables from the message, read as JSON: name and path, such as { id: $.user.id }.'),
  ),
);

export const data = v.pipe(text, v.description('What the ping carries, at most 125 bytes.'));

export const connection = {
  path: v.optional(v.pipe(path, v.description('Path and query, below the function’s route. Left out: /.'))),
  headers: v.optional(v.pipe(headerMap, v.description('Headers of the request, such as Cookie.'))),
  subprotocols: v.optional(v.pipe(subprotocols, v.description('Subprotocols to offer.'))),
  function: v.optional(v.pipe(text, v.description('The function to connect to, if the config has several.'))),
};

export const emptyMap = v.nullable(v.strictObject({ as }, wants('map')));
