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

    private const int Attempts = 4;

    private readonly string _folder = Directory.CreateTempSubdirectory("mediarelay-coturn").FullName;
    private readonly StringBuilder _output = new();
    private Process? _process;

    public int Port { get; private set; }

    public int TlsPort { get; private set; }

    public async Task InitializeAsync()
    {
        TestCertificate.Write("localhost", Path.Combine(_folder, "cert.pem"), Path.Combine(_folder, "key.pem"));

        // A port that was free a moment ago may be taken by then; coturn would ask for the same one for ever.
        for (var attempt = 1; !await TryStartAsync(); attempt++)
        {
            await EndAsync();
            lock (_output)
            {
                if (attempt == Attempts)
                    throw new TimeoutException($"coturn did not start: {_output}");
                _output.Clear();
            }
        }
    }

    private async Task<bool> TryStartAsync()
    {
        Port = FreePort();
        TlsPort = FreePort();
        var arguments = new ProcessStartInfo("/usr/bin/turnserver") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        // Without RFC 5780 it leaves the ports behind these two alone, one of which may be the other.
        foreach (var argument in (string[])["-n", "--no-cli", "--no-rfc5780", "--lt-cred-mech", "--user", $"{User}:{Password}", "--realm", "coturn.test",
            "--listening-ip", "127.0.0.1", "--listening-ip", "::1", "--relay-ip", "127.0.0.1", "--relay-ip", "::1", "--allow-loopback-peers",
            "--listening-port", Text(Port), "--tls-listening-port", Text(TlsPort), "--cert", Path.Combine(_folder, "cert.pem"), "--pkey", Path.Combine(_folder, "key.pem"),
            "--log-file", "stdout", "--pidfile", Path.Combine(_folder, "pid"), "--userdb", Path.Combine(_folder, "turndb"), "--relay-threads", "1"])
            arguments.ArgumentList.Add(argument);
        _process = Process.Start(arguments)!;
        _process.OutputDataReceived += (_, line) => Keep(line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        return await AcceptsAsync();
    }

    public async Task DisposeAsync()
    {
        await EndAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private async Task EndAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
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

    /// <summary>False when a port is taken, or after 15 s.</summary>
    private async Task<bool> AcceptsAsync()
    {
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < TimeSpan.FromSeconds(15) && !IsPortTaken())
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                await socket.ConnectAsync(IPAddress.Loopback, TlsPort);
                return !IsPortTaken();
            }
            catch (SocketException)
            {
                await Task.Delay(50);
            }
        }

        return false;
    }

    private bool IsPortTaken()
    {
        lock (_output)
            return _output.ToString().Contains("Address already in use", StringComparison.Ordinal);
    }
}
