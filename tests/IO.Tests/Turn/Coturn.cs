using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace MediaRelay.IO.Tests.Turn;

/// <summary>Debian's coturn on loopback with its own ports and folder; one user, a realm, and a certificate for localhost.</summary>
public sealed class Coturn : IAsyncLifetime
{
    public const string User = "alice";
    public const string Password = "correct horse";

    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-coturn").FullName;
    private readonly StringBuilder _output = new();
    private Process? _process;

    public int Port { get; private set; }

    public int TlsPort { get; private set; }

    public async Task InitializeAsync()
    {
        TestCertificate.Write("localhost", Path.Combine(_folder, "cert.pem"), Path.Combine(_folder, "key.pem"));
        Port = FreePort();
        TlsPort = FreePort();
        var arguments = new ProcessStartInfo("/usr/bin/turnserver") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in (string[])["-n", "--no-cli", "--lt-cred-mech", "--user", $"{User}:{Password}", "--realm", "coturn.test",
            "--listening-ip", "127.0.0.1", "--listening-ip", "::1", "--relay-ip", "127.0.0.1", "--relay-ip", "::1", "--allow-loopback-peers",
            "--listening-port", Text(Port), "--tls-listening-port", Text(TlsPort), "--cert", Path.Combine(_folder, "cert.pem"), "--pkey", Path.Combine(_folder, "key.pem"),
            "--log-file", "stdout", "--pidfile", Path.Combine(_folder, "pid"), "--userdb", Path.Combine(_folder, "turndb"), "--relay-threads", "1"])
            arguments.ArgumentList.Add(argument);
        _process = Process.Start(arguments)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        await WaitUntilItAcceptsAsync();
    }

    public async Task DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);

    // Free for TCP and UDP at this moment; coturn takes no port 0.
    private static int FreePort()
    {
        while (true)
        {
            using var tcp = new TcpListener(IPAddress.Loopback, 0);
            tcp.Start();
            var port = ((IPEndPoint)tcp.LocalEndpoint).Port;
            using var udp = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            try
            {
                udp.Bind(new IPEndPoint(IPAddress.Loopback, port));
                return port;
            }
            catch (SocketException)
            {
                // Taken for UDP; try another.
            }
        }
    }

    private void Keep(string? line)
    {
        lock (_output)
            _output.AppendLine(line);
    }

    private async Task WaitUntilItAcceptsAsync()
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(15))
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, TlsPort);
                return;
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }

        lock (_output)
            throw new TimeoutException($"coturn did not start: {_output}");
    }
}
