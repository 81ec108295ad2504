// Whether everybody can use a page: what axe sees, what does not fit, and where
// the keyboard leads.
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { picture } from './browser.mjs'

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export const looks = {
  wide: { colorScheme: 'light' },
  dark: { colorScheme: 'dark' },
  narrow: { colorScheme: 'light', viewport: { width: 320, height: 640 } },
}

/** Keeps a picture of a page, and complains about what some people cannot use. */
export async function inspect(page, stack, name) {
  await picture(page, stack, name)
  await page.evaluate(axe)
  const { violations } = await page.evaluate(() => globalThis.axe.run())
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.html).join(' ')}`), [], name)
  const tooWide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  assert.ok(tooWide <= 0, `${name} is ${tooWide} pixels too wide`)
}

/** Goes on with Tab to what has this label or text, which everybody has to see then. */
export async function tabTo(page, want) {
  for (let i = 0; i < 40; i++) {
    await page.keyboard.press('Tab')
    const { name, outline, width } = await page.evaluate(() => {
      const e = document.activeElement
      const style = getComputedStyle(e)
      return { name: (e.labels?.[0] ?? e).textContent.trim(), outline: style.outlineStyle, width: parseFloat(style.outlineWidth) }
    })
    if (name !== want) continue
    assert.ok(outline !== 'none' && width >= 2, `focus on ${want} is hard to see`)
    return
  }
  assert.fail(`${want} is not reached with Tab`)
}

/** Fills in a field. */
export async function type(page, field, value) {
  await tabTo(page, field)
  await page.keyboard.press('Control+A')
  await page.keyboard.type(value)
}
