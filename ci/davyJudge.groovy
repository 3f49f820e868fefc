// A step for a shared library of Jenkins (vars/davyJudge.groovy):
//
//   davyJudge(config: 'canary.yaml', args: '--phase 5%', rollBack: './rollback.sh')
//
// Returns the exit code of davy if the canary passes, and fails the build otherwise. What is written into `args` is run by a shell.
def call(Map options = [:]) {
  def config = options.get('config', 'canary.yaml')
  def args = options.get('args', '')
  def code = sh(returnStatus: true, script: "rm -f verdict.xml verdict.md; davy judge ${config} ${args} --report junit=verdict.xml --report markdown=verdict.md")
  // what keeps a report from being kept must not keep the canary in place
  try {
    if (code == 10 && options.rollBack) { sh options.rollBack }
  } finally {
    archiveArtifacts artifacts: 'verdict.md', allowEmptyArchive: true
    if (fileExists('verdict.xml')) { junit 'verdict.xml' }
  }
  if (code == 10) { error('davy: the canary fails') }
  if (code == 11) { error('davy: inconclusive, the present share is kept') }
  if (code != 0) { error("davy could not judge, or a warning stops the build: exit ${code}") }
  return code
}
