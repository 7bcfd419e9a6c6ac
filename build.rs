//! Hands the leg on to rustdoc, which never sees RUSTFLAGS: else `RUSTFLAGS="--cfg loom" cargo test` would test the
//! documentation's examples on the real leg, whose dependencies are not built then.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for leg in ["loom", "heddle"] {
        if std::env::var_os(format!("CARGO_CFG_{}", leg.to_uppercase())).is_some() {
            println!("cargo::rustc-cfg={leg}");
        }
    }
}
