// The fault codes clients see. Clients' code and logs contain them, so a number never gets another meaning.
import { expect, test } from 'vitest';

import { FAULTS, faultError, faultRow, type FaultCode } from '../../shared/fault.ts';

const codes = Object.keys(FAULTS) as FaultCode[];
const rows = (from: number, to: number) =>
  codes
    .filter((code) => FAULTS[code].code >= from && FAULTS[code].code <= to)
    .map((code) => {
      const { code: number, status, retryable } = faultRow(code);
      return [number, code, status, retryable];
    })
    .toSorted(([a], [b]) => Number(a) - Number(b));

test('relay, runner and process: 42001 to 42009', () => {
  expect(rows(42_001, 42_009)).toEqual([
    [42_001, 'runner_offline', 503, true],
    [42_002, 'runner_lost', 502, false],
    [42_003, 'process_exited', 502, false],
    [42_004, 'process_start_failed', 502, false],
    [42_005, 'overloaded', 429, true],
    [42_006, 'too_large', 413, false],
    [42_007, 'deadline', 504, false],
    [42_008, 'process_protocol', 502, false],
    [42_009, 'replay_evicted', 400, false],
  ]);
});

test('sessions, streams and what the runner forbids: 42010 to 42017', () => {
  expect(rows(42_010, 42_019)).toEqual([
    [42_010, 'not_configured', 503, false],
    [42_011, 'session_required', 400, false],
    [42_012, 'session_not_found', 404, false],
    [42_013, 'stream_conflict', 409, true],
    [42_014, 'unsupported_revision', 400, false],
    [42_015, 'event_unknown', 404, false],
    [42_016, 'stream_over', 204, false],
    [42_017, 'not_allowed', 403, false],
  ]);
});

test('requests that are not let in: 42020 to 42031', () => {
  expect(rows(42_020, 42_999)).toEqual([
    [42_020, 'unauthorized', 401, false],
    [42_021, 'origin_not_allowed', 403, false],
    [42_022, 'host_not_allowed', 421, false],
    [42_023, 'malformed_authorization', 400, false],
    [42_024, 'not_found', 404, false],
    [42_025, 'method_not_allowed', 405, false],
    [42_026, 'not_acceptable', 406, false],
    [42_027, 'unsupported_media_type', 415, false],
    [42_028, 'body_timeout', 408, true],
    [42_029, 'sign_in_unavailable', 503, true],
    [42_030, 'forbidden', 403, false],
    [42_031, 'insufficient_scope', 403, false],
  ]);
});

test('what JSON-RPC itself numbers keeps its number, and no code stands twice', () => {
  expect(rows(-33_000, -32_000)).toEqual([
    [-32_700, 'parse_error', 400, false],
    [-32_603, 'internal', 500, true],
    [-32_600, 'invalid_request', 400, false],
  ]);
  expect(new Set(codes.map((code) => FAULTS[code].code)).size).toBe(codes.length);
});

test('a fault that can be retried says after how long, unless the client decides itself', () => {
  const silent = codes.filter((code) => FAULTS[code].retryable && !('retryAfterS' in FAULTS[code]));
  expect(silent).toEqual(['body_timeout']);
});

test('an error tells the fault, how far the request got, and whether to try again', () => {
  expect(faultError({ fault: 'runner_lost', phase: 'sent' })).toEqual({
    code: 42_002,
    message: FAULTS.runner_lost.message,
    data: { fault: 'runner_lost', phase: 'sent', retryable: false },
  });
  expect(faultError({ fault: 'overloaded', message: 'Wait.' })).toEqual({
    code: 42_005,
    message: 'Wait.',
    data: { fault: 'overloaded', phase: 'not_sent', retryable: true },
  });
});
