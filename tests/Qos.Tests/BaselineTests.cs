using System.Globalization;
using MediaRelay.Qos.Cops;
using MediaRelay.Qos.Pcmm;
using MediaRelay.Tests.Support;

namespace MediaRelay.Qos.Tests;

/// <summary>The bytes that perf/Baselines/qos.csv allows to each hot path.</summary>
public sealed class BaselineTests
{
    private readonly byte[] _message = VectorFile.Hex("pcmm/05-gate-set-flowspec-g711.hex");
    private readonly byte[] _buffer = new byte[1024];
    private readonly CopsConnection _connection = Open();

    public static TheoryData<string, long> Cases()
    {
        var rows = new TheoryData<string, long>();
        foreach (string line in File.ReadLines(Find()).Skip(1))
        {
            string[] parts = line.Split(',');
            rows.Add(parts[0], long.Parse(parts[1], CultureInfo.InvariantCulture));
        }
        return rows;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_hot_path_allocates_no_more_than_its_baseline(string name, long bytes)
    {
        Action action = name switch
        {
            "cops-read-gate-set" => Read,
            "cops-write-gate-set" => Write,
            "cops-frame-split" => Split,
            "classifier-match" => Match,
            _ => throw new ArgumentException(name, nameof(name)),
        };
        Assert.Equal(0, bytes);
        AllocationCheck.Zero(action);
    }

    private void Read()
    {
        if (!CopsMessage.TryRead(_message, out CopsMessage message, out _) || !PcmmMessage.TryRead(message.Payload, PcmmLayout.Current, out PcmmMessage objects)
            || objects.TryGetProfile(out _) != PcmmErrorCode.None) throw new InvalidOperationException();
    }

    private void Write()
    {
        var writer = new CopsWriter(_buffer, CopsOpCode.ReportState);
        writer.AddPair((byte)CopsClass.ReportType, 1, 1, 0);
        writer.BeginPayload(CopsClass.ClientSpecific, 1);
        writer.AddProfile(Given.G711(), PcmmLayout.Current);
        writer.AddClassifier(new Classifier(ClassifierKind.Ipv6));
        if (!writer.TryFinish(out _)) throw new InvalidOperationException();
    }

    /// <summary>A message that arrives in two parts.</summary>
    private void Split()
    {
        ReadOnlySpan<byte> first = _message.AsSpan(0, 50), second = _message.AsSpan(50);
        if (_connection.Next(ref first, TimeSpan.Zero, out _) != CopsInput.None || _connection.Next(ref second, TimeSpan.Zero, out _) != CopsInput.None) throw new InvalidOperationException();
        _connection.Output.Clear();
    }

    private static void Match()
    {
        var classifier = new Classifier(ClassifierKind.Legacy) { Protocol = 17, Source = 1, Destination = 2 };
        if (!classifier.Matches(new PacketTuple(false, 17, 1, 5, 2, 6))) throw new InvalidOperationException();
    }

    private static CopsConnection Open()
    {
        var connection = new CopsConnection(CopsRole.EnforcementPoint, new CopsSettings { KeepAlive = TimeSpan.Zero }, new CountingRandom(), TimeSpan.Zero);
        ReadOnlySpan<byte> accept = VectorFile.ReadHex("1007800a0000001000080a0100000000");
        Assert.Equal(CopsInput.Opened, connection.Next(ref accept, TimeSpan.Zero, out _));
        connection.Output.Clear();
        return connection;
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "perf", "Baselines", "qos.csv");
            if (File.Exists(path)) return path;
        }
        throw new FileNotFoundException("perf/Baselines/qos.csv");
    }
}
