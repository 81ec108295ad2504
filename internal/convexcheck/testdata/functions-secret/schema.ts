export { default } from '../functions/schema'
