//! Settings, and what the window does about them.

use crate::error::Answer;
use crate::state::desk;
use crate::window;
use keyhaven_app::view::Settings;
use tauri::AppHandle;

pub(super) fn change_settings(app: &AppHandle, settings: Settings) -> Answer<Settings> {
    let settings = desk(app).app().change_settings(settings)?;
    window::follow(app, &settings);
    Ok(settings)
}
