// Asks zen-engine all inputs of a file, with and without its trace. Prints the rules that answered, and nanoseconds.
import { readFileSync } from 'node:fs'
import { ZenEngine } from '@gorules/zen-engine'

const { model, inputs } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const decision = new ZenEngine().createDecision(Buffer.from(JSON.stringify(model)))

async function round(trace) {
  const rules = []
  const started = process.hrtime.bigint()
  for (const input of inputs) {
    const answer = await decision.evaluate(input, { trace })
    rules.push(answer.result.rule)
  }
  return { rules, nanos: Number(process.hrtime.bigint() - started) }
}

await round(false)
const traced = await round(true)
const untraced = await round(false)
console.log(JSON.stringify({ rules: traced.rules, traced: traced.nanos, untraced: untraced.nanos }))
