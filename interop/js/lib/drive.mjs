// Runs the scenarios against a peer that offers the behaviours, and prints a line for each.

import { SCENARIOS, Unsupported } from './scenarios.mjs';
import { Xorshift } from './xorshift.mjs';

const SCENARIO_TIME = 120_000; // ms; so that a lost wake-up is reported rather than waited for

/** Runs all scenarios, or those with the given names; resolves to how many failed. */
export async function drive(print, session, seed, idle, names = Object.keys(SCENARIOS)) {
  let failed = 0;
  for (const name of names) {
    try {
      await inTime(SCENARIOS[name](session, new Xorshift(seed), idle), SCENARIO_TIME + idle);
      print(`ok ${name}`);
    } catch (error) {
      const unsupported = error instanceof Unsupported;
      if (!unsupported) failed++;
      print(`${unsupported ? 'unsupported' : 'FAIL'} ${name} ${error.message}`);
    }
  }
  return failed;
}

async function inTime(promise, time) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${time} ms`)), time);
  });
  try {
    await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
