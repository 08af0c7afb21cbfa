// One core's share of the seeds of a simulation.
import { parentPort } from 'node:worker_threads';
import { reportOf, type Share } from './seeds.ts';

parentPort?.on('message', ({ world, from, until }: Share) => {
  const seeds = Array.from({ length: until - from }, (_, index) => from + index);
  parentPort?.postMessage(seeds.map((seed) => reportOf(world, seed)));
});
