// Both servers on one database.
import { declareInterop } from "./lib/interop.mjs";
import "./interop/interop.mjs";
import "./interop/mail.mjs";
import "./interop/social.mjs";

declareInterop();
