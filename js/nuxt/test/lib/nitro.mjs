// What Nitro gives the handlers in a build, for tests of the handlers alone.
import { register } from 'node:module'

const hooks = `
const modules = {
  'nitropack/runtime': 'export const useRuntimeConfig = () => globalThis.runtimeConfig; export const getRouteRules = (event) => globalThis.routeRules(event.path.split("?")[0]); export const defineNitroPlugin = (p) => p',
  '#lockstep/copy': 'export const readCopy = async (event) => globalThis.readCopy(event)',
}
export const resolve = (name, context, next) => name in modules ? { url: 'stub:' + name, shortCircuit: true } : next(name, context)
export const load = (url, context, next) => url.startsWith('stub:') ? { format: 'module', source: modules[url.slice(5)], shortCircuit: true } : next(url, context)
`
register(`data:text/javascript,${encodeURIComponent(hooks)}`)

export const secret = '0123456789abcdef0123456789abcdef'
globalThis.runtimeConfig = { lockstep: {} }
globalThis.routeRules = () => ({})
globalThis.readCopy = () => null
