package ui

// DeviceName is deviceName, for its fuzz target.
func DeviceName(userAgent string) string { return deviceName(userAgent) }

// Wait is wait, for its fuzz target.
func Wait(seconds string) string { return wait(seconds) }
