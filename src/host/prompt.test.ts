import { describe, expect, it } from 'vitest';
import { askAtTerminal } from './prompt.ts';

describe('a question at the terminal', () => {
  it('says in stock’s words that there is none', async () => {
    await expect(askAtTerminal('Enter Auth Username:', false, undefined, '/nonexistent/tty')).rejects.toMatchObject({
      code: 'OPTIONS',
      message: expect.stringContaining("can't ask for 'Enter Auth Username:'"),
    });
  });
});
