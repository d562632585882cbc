//! Stories: what a person does, done through the real window.

mod story {
    use keyhaven_tests::app_binary;

    #[test]
    fn the_app_is_built_beside_its_tests() {
        assert!(app_binary().is_file(), "{}: `cargo xtask test` builds it", app_binary().display());
    }
}
