// A page as somebody without a mouse uses it: the keys Tab, Enter, arrows and letters alone.
import type { Locator } from "playwright-core";
import { expect } from "vitest";

/** Moves to an element with the key Tab. */
async function tabTo(element: Locator): Promise<void> {
  await element.waitFor();
  const { keyboard } = element.page();
  const isFocused = () => element.evaluate((node) => node === document.activeElement);
  for (let i = 0; i < 60 && !(await isFocused()); i++) await keyboard.press("Tab");
  expect([String(element), await isFocused()]).toEqual([String(element), true]);
}

/** Presses a button or follows a link as soon as it is enabled. */
export async function pressByKey(element: Locator): Promise<void> {
  await expect.poll(() => element.isEnabled(), { timeout: 60_000 }).toBe(true);
  await tabTo(element);
  await element.page().keyboard.press("Enter");
}

/** Types a text over the content of a field. */
export async function typeText(field: Locator, text: string): Promise<void> {
  await tabTo(field);
  await field.page().keyboard.press("ControlOrMeta+A");
  await field.page().keyboard.type(text);
}

/** Chooses an option of a list by the arrow keys. */
export async function chooseByKey(list: Locator, value: string): Promise<void> {
  await expect.poll(() => list.locator("option").count()).toBeGreaterThan(1);
  await tabTo(list);
  for (let i = 0; i < 9 && (await list.inputValue()) !== value; i++)
    await list.page().keyboard.press("ArrowDown");
  expect(await list.inputValue()).toBe(value);
}
