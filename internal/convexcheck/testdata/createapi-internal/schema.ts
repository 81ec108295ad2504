export { default } from '../createapi/schema'
