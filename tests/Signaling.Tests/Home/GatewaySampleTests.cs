using System.Reflection;
using MediaRelay.Gateway;

namespace MediaRelay.Signaling.Tests.Home;

/// <summary>The printed sample of the gateway's file has every key, can be used, and shows the defaults that it says it shows.</summary>
public sealed class GatewaySampleTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("gateway-sample").FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Theory]
    [InlineData(typeof(GatewayFile))]
    [InlineData(typeof(GatewayFile.DeviceEntry))]
    [InlineData(typeof(GatewayFile.ZoneEntry))]
    public void Every_key_is_in_it(Type type)
    {
        foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance))
            Assert.Contains($"\"{property.Name}\":", GatewayFile.Sample(), StringComparison.Ordinal);
    }

    [Fact]
    public void It_can_be_read_and_its_numbers_are_the_defaults()
    {
        string authority = Path.Combine(_folder, "ca.crt"), path = Path.Combine(_folder, "gateway.json");
        File.WriteAllText(authority, "");
        File.WriteAllText(path, GatewayFile.Sample().Replace("\"ca.crt\"", $"\"{authority}\"", StringComparison.Ordinal));
        var faults = new List<string>();
        GatewayFile? file = GatewayFile.Read(path, faults);
        Assert.Empty(faults);
        var usual = new GatewayFile();
        Assert.Equal((usual.TimeZone, usual.ExitDelaySeconds, usual.SimulatedChangesPerMinute, usual.KeepCamerasReady, usual.Folder), (file!.TimeZone, file.ExitDelaySeconds, file.SimulatedChangesPerMinute, file.KeepCamerasReady, file.Folder));
        Assert.Equal((usual.Media.PortMin, usual.Media.PortMax), (file.Media.PortMin, file.Media.PortMax));
        var zone = new GatewayFile.ZoneEntry();
        Assert.Equal((zone.EntryDelaySeconds, zone.ArmedInStay, zone.Partition), (file.Zones[0].EntryDelaySeconds, file.Zones[0].ArmedInStay, file.Zones[0].Partition));
        Assert.Single(file.CameraEntries());
    }
}
