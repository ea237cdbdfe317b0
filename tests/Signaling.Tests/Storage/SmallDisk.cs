using MediaRelay.Signaling.Tests.Contract;

namespace MediaRelay.Signaling.Tests.Storage;

/// <summary>A disk of 4 MiB: a folder with a file system of its own, mounted as root or by sudo, gone at the end.</summary>
internal sealed class SmallDisk : IDisposable
{
    public SmallDisk()
    {
        int code = Run("mount", "-t", "tmpfs", "-o", "size=4m,mode=777", "tmpfs", Folder);
        Assert.True(code == 0, "A small disk is a mount, which takes root or sudo without a password.");
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("small-disk-").FullName;

    /// <summary>Fills it to the last byte.</summary>
    /// <returns>The file to delete when there is to be room again.</returns>
    public string Fill()
    {
        string ballast = Path.Combine(Folder, "ballast");
        File.WriteAllBytes(ballast, new byte[new DriveInfo(Folder).AvailableFreeSpace]);
        return ballast;
    }

    public void Dispose()
    {
        Run("umount", Folder);
        Directory.Delete(Folder, true);
    }

    private static int Run(string program, params string[] arguments) =>
        Environment.IsPrivilegedProcess ? ContractTests.Run(program, arguments).Code : ContractTests.Run("sudo", ["-n", program, .. arguments]).Code;
}
