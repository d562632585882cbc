//! Settings, and what the window does about them.

use crate::error::Answer;
use crate::state::desk;
use crate::{watching, window};
use keyhaven_app::view::Settings;
use tauri::AppHandle;

pub(super) fn change_settings(app: &AppHandle, settings: Settings) -> Answer<Settings> {
    let settings = desk(app).app().change_settings(settings)?;
    window::follow(app, &settings);
    // At once: what is there when a person switches it on is not new.
    watching::look(app);
    desk(app).downloads.wake();
    Ok(settings)
}
