/** Names the tests that passed on a second try only: a retry in CI must not hide that a test is unsteady. */
export default class SecondTryReporter {
  #names = [];

  onTestCaseResult(test) {
    if (test.diagnostic()?.flaky) this.#names.push(test.fullName);
  }

  onTestRunEnd() {
    for (const name of this.#names) console.log(`passed on the second try only: ${name}`);
  }
}
