using System.Runtime.InteropServices;
using Staithe.Telemetry;

namespace Staithe.Tests.Telemetry;

/// <summary>What native code has given up is the system's again, which the process's own map of pages shows.</summary>
public sealed class FreeMemoryTests
{
    const int Blocks = 2000;
    const int BlockBytes = 32 * 1024; // below what the C library asks of the system one by one

    static readonly byte[] Content = new byte[BlockBytes];

    [Fact]
    public void What_native_code_gave_up_goes_back()
    {
        Assert.True(FreeMemory.IsKept);
        int kept, left;
        var rounds = 0;
        do
        {
            (kept, left) = GiveUp();
        }
        while (kept < Blocks / 2 && ++rounds < 20); // a server of another test may be a moment ahead of this one
        Assert.True(kept > Blocks / 2 && left < kept / 10, $"{kept} of {Blocks} blocks were memory of the process when they were free, {left} later");
    }

    static (int Kept, int Left) GiveUp()
    {
        var blocks = Enumerable.Range(0, Blocks).Select(_ => Take()).ToArray();
        foreach (var block in blocks[..^1])
            Marshal.FreeHGlobal(block); // the last one holds the end, from where it would go back by itself
        var kept = CountPresent(blocks);
        FreeMemory.GiveBack();
        var left = CountPresent(blocks);
        Marshal.FreeHGlobal(blocks[^1]);
        return (kept, left);
    }

    static nint Take()
    {
        var block = Marshal.AllocHGlobal(BlockBytes);
        Marshal.Copy(Content, 0, block, BlockBytes);
        return block;
    }

    // One page in the middle of each; bit 63 of its entry says whether it is there.
    static int CountPresent(nint[] blocks)
    {
        using var map = File.OpenHandle("/proc/self/pagemap");
        Span<byte> entry = stackalloc byte[sizeof(ulong)];
        var present = 0;
        foreach (var block in blocks)
        {
            Assert.Equal(entry.Length, RandomAccess.Read(map, entry, (block + (BlockBytes / 2)) / Environment.SystemPageSize * sizeof(ulong)));
            present += (int)(BitConverter.ToUInt64(entry) >> 63);
        }
        return present;
    }
}
