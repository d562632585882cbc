//! What the stories share: finding programs, private sessions, the WebDriver.
