//! The system packages that building and testing need, what each is for, and what they are called elsewhere.

/// What the packages are wanted for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum For {
    /// Building the app and opening its window.
    Building,
    /// That, and driving the window without a display.
    Tests,
}

/// One package of Debian and Ubuntu.
pub struct Package {
    pub name: &'static str,
    pub reason: &'static str,
    pub needed: For,
}

const fn package(name: &'static str, needed: For, reason: &'static str) -> Package {
    Package { name, reason, needed }
}

/// Everything, in the order in which it is announced. Debian 12 and Ubuntu 22.04 are the oldest that have all.
pub const DEBIAN: &[Package] = &[
    package("build-essential", For::Building, "the linker, and the C compiler for bundled libraries"),
    package("pkg-config", For::Building, "finds the libraries below"),
    package("libwebkit2gtk-4.1-dev", For::Building, "the web view that draws the window (brings GTK 3)"),
    package("libayatana-appindicator3-dev", For::Building, "the tray icon, at run time and in the .deb"),
    package("xvfb", For::Tests, "a display that nobody sees"),
    package("webkit2gtk-driver", For::Tests, "WebDriver: presses the window's buttons"),
    package("dbus", For::Tests, "a private session bus for the keyring"),
    package("gnome-keyring", For::Tests, "a real Secret Service"),
    package("libsecret-tools", For::Tests, "another program that keeps something in the Secret Service"),
    package("oathtool", For::Tests, "an independent computation of codes"),
    package(
        "postgresql",
        For::Tests,
        "the verifier's server store; tests start a private server of its programs",
    ),
    package("xclip", For::Tests, "reads and writes the clipboard from outside"),
    package("xdotool", For::Tests, "types into the system's own dialogs"),
    package(
        "poppler-utils",
        For::Tests,
        "draws what was printed, so that its codes can be read from the picture",
    ),
    package("keepassxc", For::Tests, "reads what was exported for it"),
    package("feh", For::Tests, "shows a picture whose code is read from the screen"),
    package("python3-pyotp", For::Tests, "computes codes for the verifier to accept"),
    package("libpam-oath", For::Tests, "a login guard that takes the verifier's secrets"),
    package("pamtester", For::Tests, "asks that login guard"),
    package("libpam-wrapper", For::Tests, "gives that login guard rules of a test's own"),
    package("python3-nacl", For::Tests, "opens a vault with docs/decrypt.py (brings Python 3)"),
];

/// What a person on another system types; the window's own needs only, because the stories run on Linux.
pub const ELSEWHERE: &[(&str, &str)] = &[
    (
        "Fedora",
        "sudo dnf install gcc gcc-c++ make pkgconf-pkg-config webkit2gtk4.1-devel libayatana-appindicator-gtk3-devel \
         xorg-x11-server-Xvfb webkit2gtk-driver dbus-daemon gnome-keyring libsecret oathtool postgresql-server \
         xclip xdotool poppler-utils keepassxc feh python3-pynacl",
    ),
    (
        "Arch",
        "sudo pacman -S --needed base-devel webkit2gtk-4.1 libayatana-appindicator xorg-server-xvfb dbus \
         gnome-keyring libsecret oath-toolkit postgresql xclip xdotool poppler keepassxc feh python-pynacl",
    ),
    (
        "macOS",
        "xcode-select --install; brew install oath-toolkit postgresql poppler; python3 -m pip install pynacl",
    ),
    (
        "Windows",
        "winget install Microsoft.VisualStudio.2022.BuildTools --override \"--passive --add \
         Microsoft.VisualStudio.Workload.VCTools --includeRecommended\"; winget install Microsoft.EdgeWebView2Runtime",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_has_a_reason_and_stands_once() {
        for (at, package) in DEBIAN.iter().enumerate() {
            assert!(package.reason.len() > 10, "{}", package.name);
            assert!(DEBIAN[..at].iter().all(|other| other.name != package.name), "{} twice", package.name);
        }
    }
}
