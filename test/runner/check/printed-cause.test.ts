// What people see when a server cannot start, by what its starter printed: lines as those programs print them.
import { expect, test } from 'vitest';

import { printedCause } from '../../../runner/check/printed-cause.ts';

test.each([
  [
    'npm cannot reach its registry',
    'npm error code EAI_AGAIN\nnpm error syscall getaddrinfo\nnpm error errno EAI_AGAIN\nnpm error request to https://registry.example/x failed, reason: getaddrinfo EAI_AGAIN registry.example',
  ],
  ['npm cannot reach its registry', 'npm ERR! code ECONNREFUSED\nnpm ERR! errno ECONNREFUSED'],
  [
    'npm knows no such package',
    "npm error code E404\nnpm error 404 Not Found - GET https://registry.example/no-such - Not found\nnpm error 404 The requested resource 'no-such@*' could not be found",
  ],
  [
    'npm knows no such version of the package',
    'npm error code ETARGET\nnpm error notarget No matching version found for x@9.9.9.',
  ],
  ['npm may not read that package', 'npm error code E401\nnpm error Unable to authenticate'],
  [
    'npm cannot write to its cache',
    'npm error code EACCES\nnpm error syscall mkdir\nnpm error path /home/ann/.npm',
  ],
  [
    'the disk is full',
    'npm error code ENOSPC\nnpm error nospc ENOSPC: no space left on device, write',
  ],
  ['the disk is full', 'OSError: [Errno 28] No space left on device'],
  [
    'npm does not trust the certificate of its registry',
    'npm error code SELF_SIGNED_CERT_IN_CHAIN\nnpm error errno SELF_SIGNED_CERT_IN_CHAIN',
  ],
  [
    'the package has no program to run',
    'npm error could not determine executable to run\nnpm error A complete log of this run can be found in: /x',
  ],
  [
    'uv cannot reach the package index',
    'error: Request failed after 3 retries\n  Caused by: Failed to fetch: `https://pypi.org/simple/x/`\n  Caused by: dns error: failed to lookup address information',
  ],
  [
    'uv knows no such package',
    '  × No solution found when resolving tool dependencies:\n  ╰─▶ Because no-such was not found in the package registry and you require no-such, we can conclude that your requirements are unsatisfiable.',
  ],
  [
    'Docker does not run',
    'docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
  ],
  [
    'Docker knows no such image',
    "docker: Error response from daemon: pull access denied for mcp/x, repository does not exist or may require 'docker login'",
  ],
  [
    'Node does not find a file that it needs',
    "Error: Cannot find module '/srv/server.js'\n    at Module._resolveFilename\n  code: 'MODULE_NOT_FOUND'",
  ],
  [
    'Python does not find a module that it needs',
    "Traceback (most recent call last):\nModuleNotFoundError: No module named 'mcp'",
  ],
  [
    'Python does not find the file of the server',
    "python3: can't open file '/srv/server.py': [Errno 2] No such file or directory",
  ],
  ['the interpreter in its first line is not installed', "env: 'bun': No such file or directory"],
  ['a port that it wants is in use', 'Error: listen EADDRINUSE: address already in use :::3000'],
])('[F-662] "%s" is what it comes to', (what, printed) => {
  const problem = printedCause(printed.split('\n'));
  expect(problem?.what).toBe(what);
  expect(problem?.fix).toMatch(/^[A-Z]/u);
});

test('[F-662] what is printed otherwise has no cause that is known', () => {
  expect(printedCause([])).toBeUndefined();
  expect(
    printedCause(['Error: GITHUB_TOKEN is not set', 'npm warn deprecated x@1']),
  ).toBeUndefined();
});
