//! The desktop shell: a window, a tray and a clipboard around `keyhaven-app`.
//!
//! What a person can do stands in [`keyhaven_app`]; here it is only brought to a window. The page may ask for the
//! commands of `commands/mod.rs` and hears the events of `events.rs`.
#![forbid(unsafe_code)]

mod backing_up;
#[cfg(test)]
mod bindings;
mod commands;
mod error;
mod events;
mod idle;
mod links;
mod platform;
mod state;
mod watching;
mod window;

use keyhaven_app::App;
use std::process::ExitCode;
use std::sync::Arc;
use tauri::Manager;

/// Every freed byte of this process is wiped, whoever freed it.
#[global_allocator]
static ALLOCATOR: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);

/// Opens the window and runs until it is closed.
///
/// `--demo` opens a throw-away vault with sample accounts instead of the person's own.
pub fn run() -> ExitCode {
    if keyhaven_platform::was_started_to_ask() {
        return ExitCode::SUCCESS;
    }
    keyhaven_platform::protect_unless_developing();
    let demo = std::env::args().skip(1).any(|argument| argument == "--demo");
    match start(demo) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(&format!("keyhaven: {error}"));
            ExitCode::from(3)
        }
    }
}

fn start(demo: bool) -> Result<(), Box<dyn std::error::Error>> {
    // Dropped, and with it deleted, when the program ends.
    let throw_away = demo.then(tempfile::tempdir).transpose()?;
    let keyhaven = match &throw_away {
        Some(folder) => App::demo(Arc::new(keyhaven_platform::DemoHost::default()), folder.path())?,
        None => {
            let home = keyhaven_platform::home()
                .ok_or("this system names no folder for a program's data; set KEYHAVEN_HOME")?;
            App::open(Arc::new(keyhaven_platform::SystemHost::default()), &home)
        }
    };
    let mut builder = tauri::Builder::default();
    if !demo {
        builder = builder.plugin(tauri_plugin_single_instance::init(|app, arguments, _| {
            links::handed_over(app, arguments)
        }));
        builder = builder.plugin(tauri_plugin_window_state::Builder::default().build());
    }
    let app = builder
        // Before anything else is there: links may come that early.
        .manage(links::Links::default())
        .plugin(tauri_plugin_dialog::init())
        .invoke_handler(commands::handler())
        .setup(move |app| {
            let settings = keyhaven.settings().clone();
            let now = keyhaven.now();
            app.manage(state::Desk::new(keyhaven));
            // The page asks for them when the vault is open.
            app.state::<links::Links>().keep(std::env::args().skip(1));
            state::desk(app.handle()).idle.touch(now);
            window::open(app.handle(), &settings)?;
            platform::session::watch(app.handle());
            tauri::async_runtime::spawn(idle::watch(app.handle().clone()));
            tauri::async_runtime::spawn(backing_up::watch(app.handle().clone()));
            tauri::async_runtime::spawn(watching::watch(app.handle().clone()));
            Ok(())
        })
        .build(tauri::generate_context!())?;
    app.run(|app, event| match event {
        tauri::RunEvent::Exit => state::lock_for_good(app),
        #[cfg(target_os = "macos")]
        tauri::RunEvent::Opened { urls } => links::handed_over(app, urls.into_iter().map(String::from)),
        // The program's picture in the Dock was clicked; its window may be hidden.
        #[cfg(target_os = "macos")]
        tauri::RunEvent::Reopen { .. } => platform::tray::show_window(app),
        _ => {}
    });
    drop(throw_away);
    Ok(())
}

#[expect(clippy::print_stderr, reason = "without a window there is no other place to say it")]
fn say(text: &str) {
    eprintln!("{text}");
}
