import { describe, expect, it } from 'vitest';
import { ManualClock } from '../host/clock.ts';
import { KIND } from '../messages/kinds.ts';
import { LINK } from '../messages/link.ts';
import { OURS } from '../messages/ours.ts';
import { START } from '../messages/start.ts';
import { type LogOutlet, Logging } from './logging.ts';

interface Taken {
  readonly outlet: LogOutlet;
  text(): string;
  readonly words: number[];
}

function taking(takes: LogOutlet['takes'] = 'lines', onWrite: () => void = () => {}): Taken {
  const lines: string[] = [];
  const words: number[] = [];
  const outlet: LogOutlet = {
    takes,
    write: (line, word) => {
      onWrite();
      lines.push(line);
      words.push(word);
    },
    close: () => Promise.resolve(),
  };
  return { outlet, words, text: () => lines.join('') };
}

function started(): { clock: ManualClock; stdout: Taken; stderr: Taken; logging: Logging } {
  const [clock, stdout, stderr] = [new ManualClock(), taking(), taking()];
  const logging = new Logging(clock, stdout.outlet, stderr.outlet);
  logging.setLook({ stamps: 'none', errorsToStderr: false });
  return { clock, stdout, stderr, logging };
}

describe('Logging', () => {
  it('writes to standard output until there is a file', () => {
    const { stdout, logging } = started();
    const file = taking();
    logging.notes.add(START.initComplete, {});
    logging.useFile(file.outlet);
    logging.notes.add(LINK.closing, {});
    logging.notes.add(START.fatalExit, {});
    expect([stdout.text(), file.text()]).toEqual(['Initialization Sequence Completed\n', 'Exiting due to fatal error\n']);
  });

  it('puts fatal errors alone on standard error when asked to, and only without a file', () => {
    const { stdout, stderr, logging } = started();
    logging.setLook({ stamps: 'none', errorsToStderr: true });
    logging.notes.add(START.fatal, { text: 'one' });
    logging.notes.add(START.initComplete, {});
    const file = taking();
    logging.useFile(file.outlet);
    logging.notes.add(START.fatal, { text: 'two' });
    expect([stderr.text(), stdout.text(), file.text()]).toEqual(['ERROR: one\n', 'Initialization Sequence Completed\n', 'ERROR: two\n']);
  });

  it('gives the text alone, with its word, to what stamps lines itself', () => {
    const { logging } = started();
    const syslog = taking('texts');
    logging.setLook({ stamps: 'machine', errorsToStderr: false });
    logging.useSystem(syslog.outlet);
    logging.notes.add(START.initComplete, {});
    expect([syslog.text(), syslog.words]).toEqual(['Initialization Sequence Completed', [KIND.M_INFO]]);
  });

  it('ends packet characters before the next line', () => {
    const { clock, logging } = started();
    const file = taking();
    logging.useFile(file.outlet);
    for (const character of 'RwrW') logging.mark(character);
    clock.advance(1);
    logging.mark('R');
    logging.notes.add(START.initComplete, {});
    logging.notes.add(START.initComplete, {});
    expect(file.text()).toBe('RwrWR\nInitialization Sequence Completed\nInitialization Sequence Completed\n');
  });

  it('keeps packet characters out of syslog and of lines for programs', () => {
    const { clock, logging, stdout, stderr } = started();
    logging.setLook({ stamps: 'none', shape: 'json', errorsToStderr: false });
    logging.mark('R');
    logging.setLook({ stamps: 'none', errorsToStderr: false });
    const syslog = taking('texts');
    logging.useSystem(syslog.outlet);
    logging.mark('R');
    clock.advance(1);
    expect([stdout.text(), stderr.text(), syslog.text()]).toEqual(['', '', '']);
  });

  it('lets an outlet speak of itself before the line that it is about to take', () => {
    const { logging } = started();
    let recovered = false;
    const file = taking('lines', () => {
      if (recovered) return;
      recovered = true;
      logging.interject(OURS.logRecovered, { outlet: 'the log', milliseconds: 5, count: 3, reason: 'full' });
    });
    logging.useFile(file.outlet);
    logging.notes.add(START.initComplete, {});
    expect(file.text()).toBe('Log the log takes lines again after 5 ms, 3 were lost: full\nInitialization Sequence Completed\n');
  });
});
