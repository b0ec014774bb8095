/// How a program ended and what it wrote.
pub struct Output {
    /// Its exit status: -1 when it was denied or could not be started, 110 when its time was up.
    pub status: i32,
    /// What it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// What it wrote to its standard error, or why it did not run.
    pub stderr: Vec<u8>,
}
