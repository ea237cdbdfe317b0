using System.Diagnostics;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>
/// The program against itself: <c>mediarelay turn</c> and <c>mediarelay turn test</c> in a network namespace of their own, which has
/// one public address, because no credential reaches a peer on loopback.
/// </summary>
public sealed class TurnTestCommandTests
{
    private const string Secret = "0123456789abcdef0123456789abcdef";

    /// <summary>Stands for the file that each run gets.</summary>
    private const string SecretFile = "(secret file)";

    // $1 program, $2 folder, then the arguments of turn test. The namespace ends with the shell.
    private const string Script = """
        program=$1; log=$2/relay.log; shift 2
        ip link set lo up && ip addr add 51.0.0.1/32 dev lo
        MEDIARELAY_TURN_AUTH_SECRET=0123456789abcdef0123456789abcdef dotnet "$program" turn --listen 51.0.0.1:3478 --relay-address 51.0.0.1 \
            --realm relay.test --user alice:wonderland --metrics 127.0.0.1:9464 --workers 1 > "$log" 2>&1 &
        relay=$!
        for i in $(seq 300); do grep -q Relaying "$log" && break; sleep 0.1; done
        dotnet "$program" turn test "$@"
        code=$?
        kill $relay; wait $relay
        [ $code = 0 ] || tail -5 "$log"
        exit $code
        """;

    [Theory]
    [InlineData("turn:51.0.0.1", "--user", "alice", "--password", "wonderland")]
    [InlineData("turn:51.0.0.1?transport=tcp", "--user", "gateway-17", "--auth-secret-file", SecretFile)]
    public async Task Our_own_relay_passes_every_step(params string[] arguments)
    {
        var (code, output) = await RunAsync(arguments);
        Assert.True(code == 0, output);
        Assert.Contains("The server works.", output, StringComparison.Ordinal);
        Assert.Contains("password algorithm Sha256", output, StringComparison.Ordinal);
        Assert.Equal(12, output.Split('\n').Count(line => line.StartsWith("ok ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_wrong_password_fails_at_allocate_with_exit_code_1()
    {
        var (code, output) = await RunAsync("turn:51.0.0.1", "--user", "alice", "--password", "wrong");
        Assert.Equal(1, code);
        Assert.Contains("FAILED  allocate", output, StringComparison.Ordinal);
        Assert.Contains("Wrong password for user alice", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output)> RunAsync(params string[] arguments)
    {
        var folder = Directory.CreateTempSubdirectory("mediarelay-turn-test").FullName;
        var secret = Path.Combine(folder, "secret");
        await File.WriteAllTextAsync(secret, $"# shared with signaling\n{Secret}\n");
        var start = new ProcessStartInfo("unshare") { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])["-n", "bash", "-c", Script, "turn-test", Path.Combine(AppContext.BaseDirectory, "mediarelay.dll"), folder, .. arguments.Select(argument => argument == SecretFile ? secret : argument)])
            start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        try
        {
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            await process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(90));
            return (process.ExitCode, await output + await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
            Directory.Delete(folder, recursive: true);
        }
    }
}
