/* eslint-disable */
/**
 * Generated `api` utility.
 *
 * THIS CODE IS AUTOMATICALLY GENERATED.
 *
 * To regenerate, run `npx convex dev`.
 * @module
 */

import type {
  ApiFromModules,
  FilterApi,
  FunctionReference,
} from "convex/server";
import type * as crons from "../crons.js";
import type * as lockstep from "../lockstep.js";
import type * as lockstepFunctions_apply from "../lockstepFunctions/apply.js";
import type * as lockstepFunctions_call from "../lockstepFunctions/call.js";
import type * as lockstepFunctions_cleanup from "../lockstepFunctions/cleanup.js";
import type * as lockstepFunctions_deployment from "../lockstepFunctions/deployment.js";
import type * as lockstepFunctions_index from "../lockstepFunctions/index.js";
import type * as lockstepFunctions_read from "../lockstepFunctions/read.js";
import type * as lockstepFunctions_secret from "../lockstepFunctions/secret.js";
import type * as lockstepFunctions_select from "../lockstepFunctions/select.js";
import type * as lockstepFunctions_tables from "../lockstepFunctions/tables.js";
import type * as lockstepSchema from "../lockstepSchema.js";
import type * as tasks from "../tasks.js";

/**
 * A utility for referencing Convex functions in your app's API.
 *
 * Usage:
 * ```js
 * const myFunctionReference = api.myModule.myFunction;
 * ```
 */
declare const fullApi: ApiFromModules<{
  crons: typeof crons;
  lockstep: typeof lockstep;
  "lockstepFunctions/apply": typeof lockstepFunctions_apply;
  "lockstepFunctions/call": typeof lockstepFunctions_call;
  "lockstepFunctions/cleanup": typeof lockstepFunctions_cleanup;
  "lockstepFunctions/deployment": typeof lockstepFunctions_deployment;
  "lockstepFunctions/index": typeof lockstepFunctions_index;
  "lockstepFunctions/read": typeof lockstepFunctions_read;
  "lockstepFunctions/secret": typeof lockstepFunctions_secret;
  "lockstepFunctions/select": typeof lockstepFunctions_select;
  "lockstepFunctions/tables": typeof lockstepFunctions_tables;
  lockstepSchema: typeof lockstepSchema;
  tasks: typeof tasks;
}>;
export declare const api: FilterApi<
  typeof fullApi,
  FunctionReference<any, "public">
>;
export declare const internal: FilterApi<
  typeof fullApi,
  FunctionReference<any, "internal">
>;
