//! What goes wrong elsewhere, from public issue trackers of other products: each complaint is a test, told as a story in
//! `tests/complaints`. Those that need a server are in `crates/server/tests/it/complaints.rs`.

mod common;
mod story;

use std::collections::BTreeSet;
use std::path::PathBuf;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/complaints")
}

macro_rules! complaints {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                let file = format!("{}.txt", stringify!($name).replace('_', "-"));
                story::tell(&folder().join(file));
            }
        )*

        #[test]
        fn all_are_told() {
            let listed: BTreeSet<String> = [$(stringify!($name)),*].map(|n| n.replace('_', "-")).into();
            let files = std::fs::read_dir(folder()).expect("complaints");
            let stem = |path: PathBuf| path.file_stem().expect("a name").to_string_lossy().into_owned();
            let there: BTreeSet<String> = files.map(|f| stem(f.expect("a file").path())).collect();
            assert_eq!(listed, there);
        }
    };
}

complaints! {
    a_task_is_stuck_or_vanishes_after_a_return
    a_task_vanishes_after_a_return_inside_a_branch
    the_old_manager_is_still_asked_after_a_reorganisation
    a_deleted_user_blocks_even_the_admin
    the_log_names_the_manager_not_the_person_who_approved
    removing_an_employee_erases_the_history
    something_final_happens_before_the_last_approval
    the_document_is_edited_after_the_mail_went_out
    every_level_is_approved_twice
    it_is_paid_twice
    raised_after_the_approval_and_still_approved
    an_employee_without_approver_can_never_submit
    a_manager_without_the_right_is_made_approver
}
