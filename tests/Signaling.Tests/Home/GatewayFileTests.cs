using MediaRelay.Gateway;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>The gateway's configuration file: what is wrong in it is told at the start, all of it, in sentences.</summary>
public sealed class GatewayFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("sma-file").FullName;

    public GatewayFileTests() => File.WriteAllText(Path.Combine(_folder, "ca.crt"), "");

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public void A_file_with_doors_smoke_and_a_camera_is_read()
    {
        GatewayFile file = Assert.IsType<GatewayFile>(Read(
            """
            "ExitDelaySeconds": 30, "Media": { "DtlsTimeout": "10s", "IdleTimeout": "00:00:20", "ClipPreRoll": "500ms" },
            "Devices": [{ "Ref": "door", "Type": "contact", "Zone": 1, "Values": { "contact": "closed" } }, { "Ref": "cam", "Type": "camera", "Protocol": "media", "Address": "rtsp://192.0.2.8/stream" }],
            "Zones": [{ "Number": 1, "Name": "Door", "Kind": "Delayed", "Code": "134", "EntryDelaySeconds": 20 }, { "Number": 999, "Name": "Smoke", "Kind": "TwentyFourHour", "Code": "111" }],
            """, out List<string> faults));
        Assert.Empty(faults);
        Assert.Equal((TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(20), TimeSpan.FromMilliseconds(500)), (file.Media.DtlsTimeout, file.Media.IdleTimeout, file.Media.ClipPreRoll));
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(20), (byte?)1), (file.Profile().ExitDelay, file.Profile().Zones[0].EntryDelay, file.Profile().Devices[0].Partition));
        Assert.Equal("cam", Assert.Single(file.CameraEntries()).Key);
    }

    [Theory]
    [InlineData("rtsp://ann:secret@192.0.2.8/stream", "rtsp://192.0.2.8/stream")]
    [InlineData("rtsp://ann:sec@ret@192.0.2.8:554", "rtsp://192.0.2.8:554")]
    [InlineData("http://192.0.2.8/video.mjpg?user=ann&pwd=secret", "http://192.0.2.8/video.mjpg")]
    [InlineData("http://192.0.2.8/a@b.mjpg", "http://192.0.2.8/a@b.mjpg")]
    [InlineData("test:?size=640x360", "test:?size=640x360")]
    public void The_password_of_a_camera_stays_in_the_home(string address, string told)
    {
        GatewayFile? file = Read("\"Devices\": [{ \"Ref\": \"cam\", \"Type\": \"camera\", \"Protocol\": \"media\", \"Address\": \"" + address + "\" }],", out List<string> faults);
        Assert.Empty(faults);
        Assert.Equal(told, Assert.Single(file!.Profile().Devices).Address);
        Assert.Equal(address, file.CameraEntries()["cam"].Url);
    }

    [Theory]
    [InlineData("""  "Zones": [{ "Number": 0, "Code": "134" }]  """, "A zone has the number 0. Choose 1 to 999: Contact ID has three digits.")]
    [InlineData("""  "Zones": [{ "Number": 1000, "Code": "134" }]  """, "A zone has the number 1000. Choose 1 to 999: Contact ID has three digits.")]
    [InlineData("""  "Zones": [{ "Number": 1 }, { "Number": 1 }]  """, "Two zones have the number 1. Give each its own.")]
    [InlineData("""  "Zones": [{ "Number": 1, "Partition": 0 }]  """, "Zone 1 is in partition 0. Choose 1 to 99: Contact ID has two digits.")]
    [InlineData("""  "Zones": [{ "Number": 1, "Kind": 7 }]  """, "Zone 1 has the kind 7. Choose Instant, Delayed or TwentyFourHour.")]
    [InlineData("""  "Zones": [{ "Number": 1, "Code": "" }]  """, "Zone 1 has the code \"\", which is no Contact ID code of a zone. Choose e.g. 134 for a door, 131 for a window, 132 inside, 111 for smoke.")]
    [InlineData("""  "Zones": [{ "Number": 1, "Code": "401" }]  """, "Zone 1 has the code \"401\", which is no Contact ID code of a zone. Choose e.g. 134 for a door, 131 for a window, 132 inside, 111 for smoke.")]
    [InlineData("""  "Zones": [{ "Number": 1, "Code": null }]  """, "FILE: $.Zones[0].Code is null. Write a value, or leave the key out.")]
    [InlineData("""  "Zones": [{ "Number": 1, "EntryDelaySeconds": -1 }]  """, "EntryDelaySeconds of zone 1 is -1. Choose 0 to 600 s.")]
    [InlineData("""  "ExitDelaySeconds": -1  """, "ExitDelaySeconds is -1. Choose 0 to 600 s.")]
    [InlineData("""  "ExitDelaySeconds": 601  """, "ExitDelaySeconds is 601. Choose 0 to 600 s.")]
    [InlineData("""  "SimulatedChangesPerMinute": -1  """, "SimulatedChangesPerMinute is -1. Choose 0 to 6000.")]
    [InlineData("""  "Devices": [{ "Ref": "cam", "Type": "camera", "Address": "test:" }, { "Ref": "cam", "Type": "camera", "Address": "test:" }]  """, "Two devices have the ref cam. Give each its own.")]
    [InlineData("""  "Devices": [{ "Ref": "panel" }]  """, "A device has the ref panel, which stands for the alarm panel itself. Choose another.")]
    [InlineData("""  "Devices": [{ "Ref": "a b" }]  """, "A device has the ref \"a b\", which is not an id of 1-64 characters A-Za-z0-9._-.")]
    [InlineData("""  "Devices": [{ "Ref": "a", "Type": "door contact" }]  """, "Device a has the type \"door contact\". A type is one word of A-Za-z0-9._-, e.g. contact.")]
    [InlineData("""  "Devices": [{ "Ref": "a", "Protocol": "" }]  """, "Device a has the protocol \"\". A protocol is one word of A-Za-z0-9._-, e.g. media for a camera.")]
    [InlineData("""  "Devices": [{ "Ref": "a", "Type": "camera" }]  """, "Camera a has no Address. Write its URL, e.g. \"rtsp://192.0.2.8/stream\".")]
    [InlineData("""  "Devices": [{ "Ref": "a", "Zone": 3 }]  """, "Device a is in zone 3, which is not in Zones.")]
    [InlineData("""  "Devices": [{ "Ref": "a", "Values": { "a b": "1" } }]  """, "Device a has Values that no server takes: at most 64, each with an id of 1-64 characters A-Za-z0-9._- and a text of up to 4096.")]
    [InlineData("""  "Devices": null  """, "FILE: $.Devices is null. Write a value, or leave the key out.")]
    [InlineData("""  "Devices": [null]  """, "Servers, Devices or Zones holds null. Write an entry, or leave it out.")]
    [InlineData("""  "PasswordFile": "nowhere.txt"  """, "PasswordFile names nowhere.txt, which does not exist. Put the password that the operator gave into it, or leave the key out to use a certificate.")]
    [InlineData("""  "Folder": ""  """, "Folder is empty. Name a folder for the certificate, the queue and downloads, e.g. \"gateway\".")]
    [InlineData("""  "TimeZone": "Mars/Olympus"  """, "TimeZone is \"Mars/Olympus\", which this system does not know. Write a name such as Europe/Berlin.")]
    [InlineData("""  "Media": { "PortMin": 5000 }  """, "Media: PortMin is 5000 and PortMax is 0. Set both or none, e.g. 50000 and 50999.")]
    [InlineData("""  "Media": { "VideoDscp": 64 }  """, "Media: The field VideoDscp must be between 0 and 63.")]
    [InlineData("""  "Media": { "DtlsTimeout": "10" }  """, "FILE is not a gateway configuration: A duration is written with its unit: 500ms, 10s, 5m, 2h, 7d or hh:mm:ss.")]
    public void What_is_wrong_is_a_sentence(string keys, string sentence)
    {
        Assert.Null(Read(keys.Trim() + ",", out List<string> faults));
        Assert.Equal([sentence], faults.Select(fault => fault.Replace(Path.Combine(_folder, "gateway.json"), "FILE", StringComparison.Ordinal)));
    }

    [Fact]
    public void All_faults_are_told_at_once()
    {
        Assert.Null(Read("""  "ExitDelaySeconds": -1, "TimeZone": "x", "Zones": [{ "Number": 0, "Code": "" }, { "Number": 0, "Code": "" }],""", out List<string> faults));
        Assert.Equal(7, faults.Count);
    }

    private GatewayFile? Read(string keys, out List<string> faults)
    {
        string path = Path.Combine(_folder, "gateway.json");
        File.WriteAllText(path, $$"""{ {{keys}} "Gateway": "gw-1", "Servers": ["https://192.0.2.1:8443"], "Authority": "{{Path.Combine(_folder, "ca.crt")}}" }""");
        faults = [];
        return GatewayFile.Read(path, faults);
    }
}
