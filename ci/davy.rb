# The formula for Homebrew on Linux. The release workflow fills in what stands between @.
class Davy < Formula
  desc "Compares baseline and canary metrics and answers with an exit code"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["MIT", "Apache-2.0"]

  on_linux do
    on_intel do
      url "@REPOSITORY@/releases/download/v@VERSION@/davy-@VERSION@-x86_64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_X86_64@"
    end
    on_arm do
      url "@REPOSITORY@/releases/download/v@VERSION@/davy-@VERSION@-aarch64-unknown-linux-musl.tar.gz"
      sha256 "@SHA256_AARCH64@"
    end
  end

  def install
    bin.install "davy"
    man1.install "davy.1"
    generate_completions_from_executable(bin/"davy", "completions")
  end

  test do
    assert_match "FAIL", shell_output("#{bin}/davy demo", 10)
  end
end
