import assert from 'node:assert/strict'
import type { Browser, BrowserContext, Page } from 'playwright-core'
import type { FlowNode } from '../e2e/node-red-process'

export type Theme = 'light' | 'dark'

/** Node-RED's editor in a browser, as a user of one language sees it. */
export class EditorPage {
  /** Errors that scripts of the page have thrown. */
  readonly failures: Error[] = []

  private constructor(
    readonly page: Page,
    private readonly context: BrowserContext
  ) {
    page.on('pageerror', (error) => this.failures.push(error))
  }

  static async open(
    browser: Browser,
    url: string,
    locale: string,
    theme: Theme = 'light'
  ): Promise<EditorPage> {
    const context = await browser.newContext({ viewport: { width: 1280, height: 960 }, locale })
    await context.addInitScript(`localStorage.setItem('view-dark-theme', ${JSON.stringify(theme)})`)
    const editor = new EditorPage(await context.newPage(), context)
    await editor.page.goto(url)
    await editor.page.waitForFunction(
      "window.RED && RED.nodes && RED.nodes.getType && RED.nodes.getType('sls-out')"
    )
    await editor.page.waitForSelector('.red-ui-palette-node[data-palette-type="sls-out"]')
    await editor.page.waitForSelector('#red-ui-loading-progress', { state: 'hidden' })
    return editor
  }

  async close(): Promise<void> {
    await this.context.close()
    assert.deepEqual(this.failures, [])
  }

  /** Opens the dialog of a node that is on the canvas. */
  async edit(id: string): Promise<void> {
    await this.page.evaluate(`RED.editor.edit(RED.nodes.node(${JSON.stringify(id)}))`)
    await this.page.waitForSelector('#node-input-config')
    await this.settle()
  }

  /** Opens the dialog of the connection of the node whose dialog is open. */
  async editConnection(): Promise<void> {
    await this.page.click('#node-input-btn-config-edit, #node-input-lookup-config')
    await this.page.waitForSelector('#node-config-input-endpoint', { state: 'visible' })
    await this.settle()
  }

  async doneConnection(): Promise<void> {
    await this.page.click('#node-config-dialog-ok')
    await this.page.waitForSelector('#node-config-input-endpoint', { state: 'detached' })
    await this.settle()
  }

  /** Closes whatever dialogs are open. */
  async cancelAll(): Promise<void> {
    for (const button of ['#node-config-dialog-cancel', '#node-dialog-cancel']) {
      if (!(await this.page.isVisible(button))) continue
      await this.page.click(button)
      await this.page.waitForSelector(button, { state: 'detached' })
    }
  }

  async done(): Promise<void> {
    await this.page.click('#node-dialog-ok')
    await this.page.waitForSelector('#node-input-config', { state: 'detached' })
    await this.settle()
  }

  /** Dialogs slide in and out. */
  private async settle(): Promise<void> {
    await this.page.waitForFunction(
      "!document.querySelector('.red-ui-tray')?.getAnimations({subtree: false}).length"
    )
    await this.page.waitForTimeout(300)
  }

  async tab(id: string): Promise<void> {
    // Node-RED takes two clicks on tabs in short order for a double click.
    await this.page.waitForTimeout(450)
    await this.page.click(`a[href="#${id}"]`)
    await this.page.waitForSelector(`#${id}`, { state: 'visible' })
  }

  /** Types into a field and leaves it, so that what depends on it follows. */
  async fill(id: string, value: string): Promise<void> {
    await this.page.fill(`#${id}`, value)
    await this.page.locator(`#${id}`).dispatchEvent('change')
  }

  /** Shows the help of a type in the sidebar. */
  async help(type: string): Promise<void> {
    await this.page.evaluate("RED.actions.invoke('core:show-help-tab')")
    await this.page.evaluate(`RED.sidebar.help.show(${JSON.stringify(type)})`)
    await this.page.waitForSelector('.red-ui-help h3', { state: 'visible' })
  }

  /** Texts of the help shown that do not fit into the sidebar. */
  async cutOffHelp(): Promise<string[]> {
    const texts = this.page.locator('.red-ui-help').last().locator('p, dt, dd, li')
    return await texts.evaluateAll((elements) =>
      elements
        .filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        .map(({ textContent }) => textContent?.trim() ?? '')
    )
  }

  async deploy(): Promise<void> {
    const deployed = this.page.waitForResponse(
      (response) => /\/flows$/.test(response.url()) && response.request().method() === 'POST'
    )
    await this.page.click('#red-ui-header-button-deploy')
    assert.equal((await deployed).status(), 200)
  }

  /** The properties of a node as the editor holds them. */
  async node(id: string): Promise<FlowNode> {
    return (await this.page.evaluate(
      `JSON.parse(JSON.stringify(RED.nodes.createExportableNodeSet([RED.nodes.node(${JSON.stringify(id)})])[0]))`
    )) as FlowNode
  }

  /** What a field that is marked as wrong says when the mouse is over it. */
  async complaint(id: string): Promise<string> {
    await this.page.waitForSelector(`#${id}.input-error`)
    await this.page.hover(`#${id}`)
    const popover = this.page.locator('.red-ui-popover:visible')
    await popover.waitFor()
    const text = await popover.innerText()
    await this.page.mouse.move(5, 5)
    await popover.waitFor({ state: 'hidden' })
    return text.trim()
  }
}
