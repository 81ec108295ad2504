// The whole suite in one process, so that the list of differences can be checked for stale entries at the end.
import { declare } from "./lib/suite.mjs";
import "./lib/differences.checks.mjs";
import "./lib/mask.checks.mjs";
import "./scenarios/accounts.mjs";
import "./scenarios/additional_fields.mjs";
import "./scenarios/bodies.mjs";
import "./scenarios/cookie_cache.mjs";
import "./scenarios/cookies.mjs";
import "./scenarios/delete_user.mjs";
import "./scenarios/failures.mjs";
import "./scenarios/get_session.mjs";
import "./scenarios/origin.mjs";
import "./scenarios/password.mjs";
import "./scenarios/rate_limit.mjs";
import "./scenarios/rotation.mjs";
import "./scenarios/router.mjs";
import "./scenarios/sessions.mjs";
import "./scenarios/sign_in.mjs";
import "./scenarios/sign_out.mjs";
import "./scenarios/sign_up.mjs";
import "./scenarios/stateless.mjs";
import "./scenarios/update_user.mjs";

declare();
