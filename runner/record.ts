// The record of a runner: one JSON line for each call and each session, in a file of its own or on stdout. Without one they are in the log.
import { constants, openSync } from 'node:fs';
import type { Problem } from '../shared/problem.ts';
import { errorCode } from './error-code.ts';
import { createLog, type Log } from './log.ts';
import { openOutput, printLine } from './output.ts';
import { writeFix } from './write-fix.ts';

const { O_APPEND, O_CREAT, O_NONBLOCK, O_WRONLY } = constants;

export type RecordOpening =
  /** Without a log: none was asked for. */
  { readonly ok: true; readonly log?: Log } | { readonly ok: false; readonly problem: Problem };

/**
 * `path`: `-` is stdout. The file is made for its user alone, and is only ever written to at its end, so that it can be rotated by
 * copying and truncating.
 */
export function openRecord(path: string | undefined): RecordOpening {
  if (path === undefined) return { ok: true };
  if (path === '-') return { ok: true, log: recordLog(printLine) };
  try {
    const descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK, 0o600);
    return { ok: true, log: recordLog(openOutput(descriptor).line) };
  } catch (error) {
    const code = errorCode(error) ?? 'unknown error';
    const what = `The record ${path} cannot be written (${code})`;
    return {
      ok: false,
      problem: { what, fix: `${writeFix(code)}, or name another with --record.` },
    };
  }
}

const recordLog = (write: typeof printLine): Log =>
  createLog({
    level: 'info',
    pretty: false,
    write: (line, _level, lostLine) => write(line, lostLine),
  });
