import { expect, test } from 'vitest';
import { freshColour, PALETTE } from './palette';

test('a new category gets the colour that the fewest have', () => {
  expect(freshColour([])).toBe(PALETTE.slate);
  expect(freshColour([PALETTE.slate, '#123456'])).toBe(PALETTE.red);
  expect(freshColour([...Object.values(PALETTE), PALETTE.slate])).toBe(PALETTE.red);
});
