import { afterEach, describe, expect, it } from 'vitest';
import { processSignals, SIGNALS, SignalQueue, type SignalName } from './signals.ts';

describe('SignalQueue', () => {
  it('keeps each kind once until somebody listens, in order', () => {
    const queue = new SignalQueue();
    for (const name of ['SIGUSR2', 'SIGTERM', 'SIGUSR2'] as const) queue.receive(name);
    const heard: SignalName[] = [];
    queue.deliverTo((name) => heard.push(name));
    queue.receive('SIGUSR2');
    expect(heard).toEqual(['SIGUSR2', 'SIGTERM', 'SIGUSR2']);
  });

  it('keeps again when nobody listens any more', () => {
    const queue = new SignalQueue();
    const heard: SignalName[] = [];
    queue.deliverTo((name) => heard.push(name));
    queue.deliverTo(undefined);
    queue.receive('SIGHUP');
    expect(heard).toEqual([]);
    queue.deliverTo((name) => heard.push(name));
    expect(heard).toEqual(['SIGHUP']);
  });
});

describe('the process', () => {
  afterEach(() => processSignals.deliverTo(undefined));

  it('has a listener for every signal as soon as the file is loaded', () => {
    expect(SIGNALS.map((name) => process.listenerCount(name) > 0)).toEqual(SIGNALS.map(() => true));
    const heard: SignalName[] = [];
    processSignals.deliverTo((name) => heard.push(name));
    process.emit('SIGUSR1', 'SIGUSR1');
    expect(heard).toEqual(['SIGUSR1']);
  });
});
